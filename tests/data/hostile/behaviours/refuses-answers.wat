;; Answers every `resume` with an error.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(data (i32.const 0x500) "not what was asked")

(func $resume (param $answers i32) (param $length i32) (result i32)
  ;; result: error, `invalid`, the text
  (global.set $is_asking (i32.const 0))
  (i32.store8 (i32.const 0x400) (i32.const 1))
  (i32.store8 (i32.const 0x404) (i32.const 1))
  (i32.store (i32.const 0x408) (i32.const 0x500))
  (i32.store (i32.const 0x40c) (i32.const 18))
  (i32.const 0x400))
