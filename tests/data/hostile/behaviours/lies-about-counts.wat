;; Claims to have looked at as many events as there are numbers.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $raise (local.get $answers) (local.get $length)))
  (i32.store offset=8 (local.get $answer) (i32.const -1))
  (i32.store offset=68 (local.get $answer) (i32.const -1))
  (local.get $answer))
