;; A small detection module by hand, on the canonical ABI of wit/. It runs one
;; rule, `test`, whose events are the lines that hold a `#` and whose terms are
;; these lines. `;; BEHAVIOUR` stands for a file of behaviours/, which decides
;; what `configure` and `evaluate` do; it may call
;;
;;   $one_rule  the answer of a `configure` that loads the rule
;;   $judge     the answer of an `evaluate` that does its work
;;   $contains  whether a batch contains a byte
;;   $say       logs a warning of a given length
(module
  (import "firstseen:detection/sightings@0.1.0" "observe" (func $observe (param i32 i32 i32)))
  (import "firstseen:detection/logging@0.1.0" "log" (func $log (param i32 i32 i32 i32 i32)))

  ;; The first page holds texts and answers, the second alerts; what the host
  ;; passes in comes after that.
  (memory (export "memory") 3)
  (global $alerts i32 (i32.const 0x10000))
  (global $heap i32 (i32.const 0x20000))
  (global $free (mut i32) (i32.const 0x20000))

  (data (i32.const 0x100) "test")
  (data (i32.const 0x140) "{\"kibana.alert.uuid\":\"0\"}")
  (data (i32.const 0x110) "0123456789abcdef0123456789abcdef01234567")
  ;; list<string>: "test"
  (data (i32.const 0x180) "\00\01\00\00\04\00\00\00")

  ;; What the alerts say; a behaviour may change it.
  (global $document (mut i32) (i32.const 0x140))
  (global $document_length (mut i32) (i32.const 25))
  (global $line_shift (mut i32) (i32.const 0))

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
    (call $test (i32.const 0x21c))                            ;; kind
    (call $test (i32.const 0x224))                            ;; history
    (i32.store (i32.const 0x22c) (i32.const 0x180))           ;; new-terms-fields
    (i32.store (i32.const 0x230) (i32.const 1))
    (i32.store8 (i32.const 0x238) (i32.const 1))              ;; window-ms: some
    (i64.store (i32.const 0x240) (i64.const 1000))
    ;; no warnings: 0x248, 0x24c
    ;; list<rule-report>
    (i32.store (i32.const 0x2a0) (i32.const 0x200))
    (i32.store (i32.const 0x2a4) (i32.const 1))
    ;; description: name, version, rules
    (call $test (i32.const 0x2b0))
    (call $test (i32.const 0x2b8))
    (i32.store (i32.const 0x2c0) (i32.const 0x208))
    (i32.store (i32.const 0x2c4) (i32.const 1)))
  (start $lay_out)

  (func $one_rule (result i32)
    (i32.const 0x2a0))

  (func $contains (param $batch i32) (param $length i32) (param $byte i32) (result i32)
    (local $end i32)
    (local.set $end (i32.add (local.get $batch) (local.get $length)))
    (loop $next
      (if (i32.ge_u (local.get $batch) (local.get $end)) (then (return (i32.const 0))))
      (if (i32.eq (i32.load8_u (local.get $batch)) (local.get $byte)) (then (return (i32.const 1))))
      (local.set $batch (i32.add (local.get $batch) (i32.const 1)))
      (br $next))
    (unreachable))

  ;; Whether the host has not seen a term.
  (func $is_unseen (param $term i32) (param $length i32) (result i32)
    (call $test (i32.const 0x300))                            ;; rule
    (i32.store (i32.const 0x308) (local.get $term))
    (i32.store (i32.const 0x30c) (local.get $length))
    (i64.store (i32.const 0x310) (i64.const 0))               ;; at
    (i64.store (i32.const 0x318) (i64.const 1000))            ;; window-ms
    (call $test (i32.const 0x320))                            ;; event
    (i32.store (i32.const 0x328) (i32.const 1000))            ;; quota.max
    (i64.store (i32.const 0x330) (i64.const 1000))            ;; quota.per-ms
    (call $observe (i32.const 0x300) (i32.const 1) (i32.const 0x340))
    (if (i32.load8_u (i32.const 0x340)) (then (unreachable)))
    ;; The first verdict of the list; `unseen` is 0.
    (i32.eqz (i32.load8_u (i32.load (i32.const 0x344)))))

  (func $add_alert (param $number i32) (param $line i32)
    (local $at i32)
    (local.set $at (i32.add (global.get $alerts) (i32.mul (local.get $number) (i32.const 36))))
    (i32.store (local.get $at) (i32.add (local.get $line) (global.get $line_shift)))
    (call $test (i32.add (local.get $at) (i32.const 4)))      ;; rule-id
    (call $test (i32.add (local.get $at) (i32.const 12)))     ;; term
    (i32.store offset=20 (local.get $at) (i32.const 0x110))   ;; id
    (i32.store offset=24 (local.get $at) (i32.const 40))
    (i32.store offset=28 (local.get $at) (global.get $document))
    (i32.store offset=32 (local.get $at) (global.get $document_length)))

  (func $judge (param $batch i32) (param $length i32) (result i32)
    (local $at i32) (local $end i32) (local $start i32) (local $line i32) (local $events i32) (local $count i32)
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
            (local.set $events (i32.add (local.get $events) (i32.const 1)))
            (if (call $contains
                  (local.get $start) (i32.sub (local.get $at) (local.get $start)) (i32.const 0x23))
              (then
                (if (call $is_unseen (local.get $start) (i32.sub (local.get $at) (local.get $start)))
                  (then
                    (call $add_alert (local.get $count) (local.get $line))
                    (local.set $count (i32.add (local.get $count) (i32.const 1)))))))))
        (br_if $done (i32.ge_u (local.get $at) (local.get $end)))
        (local.set $line (i32.add (local.get $line) (i32.const 1)))
        (local.set $at (i32.add (local.get $at) (i32.const 1)))
        (local.set $start (local.get $at))
        (br $next)))
    ;; result: ok, then the evaluation
    (i32.store8 (i32.const 0x400) (i32.const 0))
    (i32.store (i32.const 0x404) (local.get $events))         ;; events
    (i32.store (i32.const 0x408) (local.get $count))          ;; matched
    (i32.store (i32.const 0x40c) (i32.const 0))               ;; deferred
    (i32.store (i32.const 0x410) (global.get $alerts))        ;; alerts
    (i32.store (i32.const 0x414) (local.get $count))
    (i32.store (i32.const 0x418) (i32.const 0))               ;; malformed
    (i32.store (i32.const 0x41c) (i32.const 0))
    (i32.const 0x400))

  (func $say (param $level i32) (param $text i32) (param $length i32)
    (call $log (local.get $level) (i32.const 0x100) (i32.const 4) (local.get $text) (local.get $length)))

  ;; BEHAVIOUR

  (func (export "firstseen:detection/detector@0.1.0#configure")
    (param i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32 i32) (result i32)
    (call $configure))

  (func (export "firstseen:detection/detector@0.1.0#evaluate")
    (param $batch i32) (param $length i32) (param i32 i32 i32 i64 i32 i32) (result i32)
    (call $evaluate (local.get $batch) (local.get $length)))

  (func (export "firstseen:detection/detector@0.1.0#describe") (result i32)
    (i32.const 0x2b0))

  ;; An answer of zeros: no matches, no range.
  (func (export "firstseen:detection/detector@0.1.0#match-events")
    (param i32 i32 i32 i32 i32 i64 i32 i32) (result i32)
    (i32.const 0x500))

  (func (export "firstseen:detection/detector@0.1.0#scheduled-range") (param i32 i64) (result i32)
    (i32.const 0x500))

  ;; Memory is never given back within a call, and all of it after the call.
  (func (export "cabi_realloc") (param $old i32) (param i32) (param $align i32) (param $size i32) (result i32)
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

  (func (export "cabi_post_firstseen:detection/detector@0.1.0#evaluate") (param i32)
    (global.set $free (global.get $heap)))
)
