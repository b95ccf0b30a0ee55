;; A component that wants to read the environment of the host.
(component
  (import "wasi:cli/environment@0.2.0"
    (instance
      (export "get-environment" (func (result (list (tuple string string))))))))
