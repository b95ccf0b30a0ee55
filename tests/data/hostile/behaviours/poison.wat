;; Does its work, then panics if a line of the batch holds a `!`.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (if (call $contains (global.get $batch) (global.get $batch_length) (i32.const 0x21)) (then (unreachable)))
  (call $raise (local.get $answers) (local.get $length)))
