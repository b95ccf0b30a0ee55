;; Does its work, then panics if a line of the batch holds a `!`.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $judge (local.get $batch) (local.get $length)))
  (if (call $contains (local.get $batch) (local.get $length) (i32.const 0x21)) (then (unreachable)))
  (local.get $answer))
