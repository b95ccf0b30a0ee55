;; Its alerts are about lines far beyond the batch.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (global.set $line_shift (i32.const 1000000))
  (call $judge (local.get $batch) (local.get $length)))
