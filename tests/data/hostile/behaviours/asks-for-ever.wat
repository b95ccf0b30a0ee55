;; Asks its first question again, whatever it is answered.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (i32.store8 (i32.const 0x400) (i32.const 0))
  (i32.store8 (i32.const 0x404) (i32.const 0))
  (i32.store (i32.const 0x408) (global.get $questions))
  (i32.store (i32.const 0x40c) (i32.const 1))
  (i32.const 0x400))
