;; Says a thing with control characters thousands of times per batch.
(func $configure (result i32)
  (call $one_rule))

(data (i32.const 0x500) "\1b[31mred\nforged: entry\07")

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (local $left i32)
  (local.set $left (i32.const 5000))
  (loop $again
    (call $say (i32.const 3) (i32.const 0x500) (i32.const 23))
    (local.set $left (i32.sub (local.get $left) (i32.const 1)))
    (br_if $again (local.get $left)))
  (call $judge (local.get $batch) (local.get $length)))
