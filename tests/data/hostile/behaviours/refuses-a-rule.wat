;; Loads its rule, and refuses another in a text that means harm.
(data (i32.const 0x500) "\1b[31mred\nforged: entry\07")

(func $text (param $at i32)
  (i32.store (local.get $at) (i32.const 0x500))
  (i32.store offset=4 (local.get $at) (i32.const 23)))

(func $configure (result i32)
  ;; The second rule-report stands right after the first.
  (i32.store8 (i32.const 0x288) (i32.const 1))
  (call $text (i32.const 0x290))                ;; document
  (i32.store (i32.const 0x298) (i32.const 0))   ;; position
  (i32.store8 (i32.const 0x29c) (i32.const 1))  ;; rule-id: some
  (call $text (i32.const 0x2a0))
  (i32.store8 (i32.const 0x2a8) (i32.const 1))  ;; name: some
  (call $text (i32.const 0x2ac))
  (i32.store8 (i32.const 0x2b4) (i32.const 1))  ;; type: some
  (call $text (i32.const 0x2b8))
  (i32.store8 (i32.const 0x2c0) (i32.const 3))  ;; reason: invalid
  (i32.store8 (i32.const 0x2c4) (i32.const 1))  ;; field: some
  (call $text (i32.const 0x2c8))
  (i32.store8 (i32.const 0x2d0) (i32.const 0))  ;; offset: none
  (call $text (i32.const 0x2d8))                ;; cause
  (i32.store (i32.const 0x600) (i32.const 0x200))
  (i32.store (i32.const 0x604) (i32.const 2))
  (i32.const 0x600))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))
