;; WebAssembly, but no component.
(module
  (func (export "evaluate")))
