;; Its alerts have a control character in a text.
(func $configure (result i32)
  (call $one_rule))

(data (i32.const 0x500) "{\"kibana.alert.uuid\":\"0\",\"a\":\"\01\"}")

(func $evaluate (param $batch i32) (param $length i32) (result i32)
  (global.set $document (i32.const 0x500))
  (global.set $document_length (i32.const 33))
  (call $judge (local.get $batch) (local.get $length)))
