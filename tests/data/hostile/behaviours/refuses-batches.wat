;; Answers every batch with an error whose text means harm too.
(func $configure (result i32)
  (call $one_rule))

(data (i32.const 0x500) "\1b[31mred\nforged: entry\07")

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  ;; result: error, `invalid`, the text
  (i32.store8 (i32.const 0x400) (i32.const 1))
  (i32.store8 (i32.const 0x404) (i32.const 1))
  (i32.store (i32.const 0x408) (i32.const 0x500))
  (i32.store (i32.const 0x40c) (i32.const 23))
  (i32.const 0x400))
