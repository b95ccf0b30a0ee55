;; Its alerts do not say where their documents name the event.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $raise (local.get $answers) (local.get $length)))
  ;; The source of the first alert.
  (i32.store offset=8 (i32.load offset=32 (i32.load offset=24 (local.get $answer))) (i32.const 23))
  (local.get $answer))
