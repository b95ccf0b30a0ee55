;; Its alerts belong to no rule and are about no event of the batch.
(func $configure (result i32)
  (call $one_rule))

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (call $judge (local.get $batch) (local.get $length)))

(func $resume (param $answers i32) (param $length i32) (result i32)
  (local $answer i32) (local $alert i32) (local $left i32)
  (local.set $answer (call $raise (local.get $answers) (local.get $length)))
  (local.set $alert (i32.load offset=24 (local.get $answer)))
  (local.set $left (i32.load offset=28 (local.get $answer)))
  (loop $next
    (if (local.get $left)
      (then
        (i32.store8 (local.get $alert) (i32.const 0))           ;; rule: none
        (i32.store offset=36 (local.get $alert) (i32.const 0))  ;; no sources
        (local.set $alert (i32.add (local.get $alert) (i32.const 40)))
        (local.set $left (i32.sub (local.get $left) (i32.const 1)))
        (br $next))))
  (local.get $answer))
