;; Makes the host copy far more text than it may.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (if (i32.lt_u (memory.size) (i32.const 2400)) (then (drop (memory.grow (i32.const 2400)))))
  (call $say (i32.const 0) (i32.const 0x10000) (i32.const 150000000))
  (call $judge (local.get $batch) (local.get $length)))
