;; Remarks on an event of a rule that is not there.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $raise (local.get $answers) (local.get $length)))
  ;; line, rule, text
  (i32.store (i32.const 0x500) (i32.const 0))
  (i32.store (i32.const 0x504) (i32.const 1))
  (call $test (i32.const 0x508))
  (i32.store offset=40 (local.get $answer) (i32.const 0x500))
  (i32.store offset=44 (local.get $answer) (i32.const 1))
  (local.get $answer))
