;; A component of contract 0.1, which asked for sightings in the middle of a call.
(component
  (import "firstseen:detection/sightings@0.1.0"
    (instance
      (export "observe" (func)))))
