;; A small detection module by hand, on the canonical ABI of wit/. It runs one
;; rule, `test`, whose events are the lines that hold a `#` and whose terms are
;; these lines. `;; BEHAVIOUR` stands for a file of behaviours/, which decides
;; what `configure`, `evaluate` and `resume` do; it may call
;;
;;   $one_rule  the answer of a `configure` that loads the rule
;;   $judge     the answer of an `evaluate` that does its work: it asks
;;   $raise     the answer of a `resume` that does: it is done
;;   $contains  whether a batch contains a byte
;;   $say       logs a warning of a given length
;;
;; A file without a `$resume` has the one that calls `$raise`.
(module
  (import "firstseen:detection/logging@0.2.0" "log" (func $log (param i32 i32 i32 i32 i32)))

  ;; The first page holds texts and answers; what the host passes in, questions
  ;; and alerts come after that.
  (memory (export "memory") 3)
  (global $heap i32 (i32.const 0x10000))
  (global $free (mut i32) (i32.const 0x10000))

  (data (i32.const 0x100) "test")
  (data (i32.const 0x110) "0123456789abcdef0123456789abcdef01234567")
  (data (i32.const 0x140) "{\"kibana.alert.uuid\":\"0\"}")
  (data (i32.const 0x160) ",\"i\":")
  ;; list<string>: "test"
  (data (i32.const 0x180) "\00\01\00\00\04\00\00\00")

  ;; What the alerts say; a behaviour may change it.
  (global $document (mut i32) (i32.const 0x140))
  (global $document_length (mut i32) (i32.const 25))
  (global $line_shift (mut i32) (i32.const 0))

  ;; The batch, and what was asked of it: questions, and the line of each.
  (global $batch (mut i32) (i32.const 0))
  (global $batch_length (mut i32) (i32.const 0))
  (global $events (mut i32) (i32.const 0))
  (global $questions (mut i32) (i32.const 0))
  (global $lines (mut i32) (i32.const 0))
  (global $count (mut i32) (i32.const 0))
  (global $is_asking (mut i32) (i32.const 0))

  ;; ptr and len of "test"
  (func $test (param $at i32)
    (i32.store (local.get $at) (i32.const 0x100))
    (i32.store offset=4 (local.get $at) (i32.const 4)))

  ;; A rule-report: `loaded`, then the rule-summary.
  (func $lay_out
    (i32.store8 (i32.const 0x200) (i32.const 0))
    (call $test (i32.const 0x208))                            ;; rule-id
    (i32.store (i32.const 0x210) (i32.const 1))               ;; version
    (call $test (i32.const 0x214))                            ;; name
    (call $test (i32.const 0x21c))                            ;; type
    (call $test (i32.const 0x224))                            ;; language
    (i32.store8 (i32.const 0x230) (i32.const 0))              ;; kind: new-terms
    (i32.store (i32.const 0x238) (i32.const 0x180))           ;; its fields
    (i32.store (i32.const 0x23c) (i32.const 1))
    (call $test (i32.const 0x260))                            ;; history
    (i32.store8 (i32.const 0x268) (i32.const 1))              ;; window-ms: some
    (i64.store (i32.const 0x270) (i64.const 1000))
    ;; no warnings and hints: 0x278, 0x280; a second rule-report would stand at 0x288
    ;; list<rule-report>
    (i32.store (i32.const 0x3a0) (i32.const 0x200))
    (i32.store (i32.const 0x3a4) (i32.const 1))
    ;; description: name, version, no rule-types, rules
    (call $test (i32.const 0x3b0))
    (call $test (i32.const 0x3b8))
    (i32.store (i32.const 0x3c8) (i32.const 0x208))
    (i32.store (i32.const 0x3cc) (i32.const 1)))
  (start $lay_out)

  (func $one_rule (result i32)
    (i32.const 0x3a0))

  (func $contains (param $batch i32) (param $length i32) (param $byte i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $batch) (local.get $length)))
    (loop $next
      (if (i32.ge_u (local.get $batch) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.eq (i32.load8_u (local.get $batch)) (local.get $byte)) (then (return (i32.const 1))))
      (local.set $batch (i32.add (local.get $batch) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Asks whether a term was sighted.
  (func $ask (param $term i32) (param $length i32) (param $line i32)
    (local $at i32)
    (i32.store
      (i32.add (global.get $lines) (i32.shl (global.get $count) (i32.const 2)))
      (local.get $line))
    (local.set $at (i32.add (global.get $questions) (i32.shl (global.get $count) (i32.const 6))))
    (i32.store8 (local.get $at) (i32.const 0))                ;; sighting
    (call $test (i32.add (local.get $at) (i32.const 8)))      ;; history
    (i32.store offset=16 (local.get $at) (local.get $term))
    (i32.store offset=20 (local.get $at) (local.get $length))
    (i64.store offset=24 (local.get $at) (i64.const 0))       ;; at
    (i64.store offset=32 (local.get $at) (i64.const 1000))    ;; window-ms
    (call $test (i32.add (local.get $at) (i32.const 40)))     ;; event
    (i32.store offset=48 (local.get $at) (i32.const 1000))    ;; quota.max
    (i64.store offset=56 (local.get $at) (i64.const 1000))    ;; quota.per-ms
    (global.set $count (i32.add (global.get $count) (i32.const 1))))

  (func $judge (param $batch i32) (param $length i32) (result i32)
    (local $at i32) (local $end i32) (local $start i32) (local $line i32) (local $most i32)
    (global.set $batch (local.get $batch))
    (global.set $batch_length (local.get $length))
    (global.set $events (i32.const 0))
    (global.set $count (i32.const 0))
    ;; A line that asks has a byte at least, and a newline.
    (local.set $most (i32.add (i32.shr_u (local.get $length) (i32.const 1)) (i32.const 1)))
    (global.set $questions (call $allocate (i32.const 8) (i32.shl (local.get $most) (i32.const 6))))
    (global.set $lines (call $allocate (i32.const 4) (i32.shl (local.get $most) (i32.const 2))))
    (local.set $at (local.get $batch))
    (local.set $start (local.get $batch))
    (local.set $end (i32.add (local.get $batch) (local.get $length)))
    (block $done
      (loop $next
        (if (i32.lt_u (local.get $at) (local.get $end))
          (then
            (if (i32.ne (i32.load8_u (local.get $at)) (i32.const 10))
              (then
                (local.set $at (i32.add (local.get $at) (i32.const 1)))
                (br $next)))))
        ;; A line, or the rest, lies between $start and $at.
        (if (i32.gt_u (local.get $at) (local.get $start))
          (then
            (global.set $events (i32.add (global.get $events) (i32.const 1)))
            (if (call $contains
                  (local.get $start) (i32.sub (local.get $at) (local.get $start)) (i32.const 0x23))
              (then
                (call $ask
                  (local.get $start) (i32.sub (local.get $at) (local.get $start)) (local.get $line))))))
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $line (i32.add (local.get $line) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $start (local.get $at))
        (br $next)))
    (if (result i32) (global.get $count)
      (then
        ;; result: ok, then the step: ask, then the questions
        (global.set $is_asking (i32.const 1))
        (i32.store8 (i32.const 0x400) (i32.const 0))
        (i32.store8 (i32.const 0x404) (i32.const 0))
        (i32.store (i32.const 0x408) (global.get $questions))
        (i32.store (i32.const 0x40c) (global.get $count))
        (i32.const 0x400))
      (else (call $done (i32.const 0) (i32.const 0)))))

  ;; Raises an alert for each `unseen` among the answers, of two bytes each.
  (func $raise (param $answers i32) (param $length i32) (result i32)
    (local $place i32) (local $alerts i32) (local $raised i32)
    (local.set $alerts (call $allocate (i32.const 4) (i32.mul (local.get $length) (i32.const 68))))
    (block $all
      (loop $next
        (br_if $all (i32.ge_u (local.get $place) (local.get $length)))
        (if (i32.eqz (i32.load8_u offset=1
              (i32.add (local.get $answers) (i32.shl (local.get $place) (i32.const 1)))))
          (then
            (call $add_alert
              (i32.add (local.get $alerts) (i32.mul (local.get $raised) (i32.const 40)))
              (i32.add
                (i32.add (local.get $alerts) (i32.mul (local.get $length) (i32.const 40)))
                (i32.mul (local.get $raised) (i32.const 28)))
              (i32.load (i32.add (global.get $lines) (i32.shl (local.get $place) (i32.const 2)))))
            (local.set $raised (i32.add (local.get $raised) (i32.const 1)))))
        (local.set $place (i32.add (local.get $place) (i32.const 1)))
        (br $next)))
    (call $done (local.get $alerts) (local.get $raised)))

  (func $add_alert (param $at i32) (param $source i32) (param $line i32)
    (i32.store8 (local.get $at) (i32.const 1))                ;; rule: some
    (i32.store offset=4 (local.get $at) (i32.const 0))
    (call $test (i32.add (local.get $at) (i32.const 8)))      ;; term
    (i32.store offset=16 (local.get $at) (i32.const 0x110))   ;; id
    (i32.store offset=20 (local.get $at) (i32.const 40))
    (i32.store offset=24 (local.get $at) (global.get $document))
    (i32.store offset=28 (local.get $at) (global.get $document_length))
    (i32.store offset=32 (local.get $at) (local.get $source)) ;; sources
    (i32.store offset=36 (local.get $at) (i32.const 1))
    (i32.store (local.get $source) (i32.add (local.get $line) (global.get $line_shift)))
    (i32.store offset=4 (local.get $source) (i32.const 21))   ;; id: "0"
    (i32.store offset=8 (local.get $source) (i32.const 24))
    (i32.store offset=12 (local.get $source) (i32.const 24))  ;; index: to be put in
    (i32.store offset=16 (local.get $source) (i32.const 24))
    (i32.store offset=20 (local.get $source) (i32.const 0x160))
    (i32.store offset=24 (local.get $source) (i32.const 5)))

  ;; result: ok, then the step: done, then the evaluation
  (func $done (param $alerts i32) (param $raised i32) (result i32)
    (global.set $is_asking (i32.const 0))
    (i32.store8 (i32.const 0x400) (i32.const 0))
    (i32.store8 (i32.const 0x404) (i32.const 1))
    (i32.store (i32.const 0x408) (global.get $events))        ;; events
    (i32.store (i32.const 0x40c) (i32.const 0x440))           ;; matches
    (i32.store (i32.const 0x410) (i32.ne (global.get $count) (i32.const 0)))
    (i32.store (i32.const 0x414) (i32.const 0))               ;; deferred
    (i32.store (i32.const 0x418) (local.get $alerts))         ;; alerts
    (i32.store (i32.const 0x41c) (local.get $raised))
    (i32.store (i32.const 0x420) (i32.const 0))               ;; unjudged
    (i32.store (i32.const 0x424) (i32.const 0))
    (i32.store (i32.const 0x428) (i32.const 0))               ;; remarks
    (i32.store (i32.const 0x42c) (i32.const 0))
    ;; rule-matches
    (i32.store (i32.const 0x440) (i32.const 0))
    (i32.store (i32.const 0x444) (global.get $count))
    (i32.const 0x400))

  (func $say (param $level i32) (param $text i32) (param $length i32)
    (call $log (local.get $level) (i32.const 0x100) (i32.const 4) (local.get $text) (local.get $length)))

  ;; BEHAVIOUR

  (func (export "firstseen:detection/detector@0.2.0#configure")
    (param i32) (result i32)
    (call $configure))

  (func (export "firstseen:detection/detector@0.2.0#evaluate")
    (param $batch i32) (param $length i32) (param i32 i32 i32 i32 i64 i32 i32 i32 i64 i32 i32) (result i32)
    (call $evaluate (local.get $batch) (local.get $length)))

  (func (export "firstseen:detection/detector@0.2.0#resume")
    (param $answers i32) (param $length i32) (result i32)
    (call $resume (local.get $answers) (local.get $length)))

  (func (export "firstseen:detection/detector@0.2.0#describe") (result i32)
    (i32.const 0x3b0))

  ;; An answer of zeros: no matches, no range.
  (func (export "firstseen:detection/detector@0.2.0#match-events")
    (param i32 i32 i32 i32 i32 i32 i64 i32 i32 i32 i64 i32 i32) (result i32)
    (i32.const 0x800))

  (func (export "firstseen:detection/detector@0.2.0#scheduled-range") (param i32 i64) (result i32)
    (i32.const 0x800))

  ;; Memory is never given back while a batch is under way, and all of it after.
  (func $allocate (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at
      (i32.and
        (i32.add (global.get $free) (i32.sub (local.get $align) (i32.const 1)))
        (i32.sub (i32.const 0) (local.get $align))))
    (global.set $free (i32.add (local.get $at) (local.get $size)))
    (block $fits
      (loop $grow
        (br_if $fits (i32.le_u (global.get $free) (i32.mul (memory.size) (i32.const 65536))))
        (if (i32.eq (memory.grow (i32.const 16)) (i32.const -1)) (then (unreachable)))
        (br $grow)))
    (local.get $at))

  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
    (call $allocate (local.get $align) (local.get $size)))

  (func $forget (param i32)
    (if (i32.eqz (global.get $is_asking)) (then (global.set $free (global.get $heap)))))
  (export "cabi_post_firstseen:detection/detector@0.2.0#evaluate" (func $forget))
  (export "cabi_post_firstseen:detection/detector@0.2.0#resume" (func $forget))
)
