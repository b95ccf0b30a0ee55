;; Never comes back from loading its rules.
(func $configure (result i32)
  (loop $for_ever (br $for_ever))
  (unreachable))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))
