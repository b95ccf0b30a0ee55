;; A component that wants sightings of a version to come.
(component
  (import "firstseen:detection/sightings@0.2.0"
    (instance
      (export "forget" (func)))))
