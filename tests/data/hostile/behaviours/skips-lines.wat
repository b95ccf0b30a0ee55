;; Says of lines that were not judged, but not in order.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (local $answer i32)
  (local.set $answer (call $raise (local.get $answers) (local.get $length)))
  ;; Two lines, the second before the first, both over their work.
  (i32.store (i32.const 0x500) (i32.const 1))
  (i32.store8 (i32.const 0x504) (i32.const 1))
  (i32.store (i32.const 0x518) (i32.const 0))
  (i32.store8 (i32.const 0x51c) (i32.const 1))
  (i32.store offset=32 (local.get $answer) (i32.const 0x500))
  (i32.store offset=36 (local.get $answer) (i32.const 2))
  (local.get $answer))
