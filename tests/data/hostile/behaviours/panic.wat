;; Panics on every batch, with last words.
(func $configure (result i32)
  (call $one_rule))

(data (i32.const 0x500) "out of cheese")

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $say (i32.const 5) (i32.const 0x500) (i32.const 13))
  (unreachable))
