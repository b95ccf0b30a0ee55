/** What the page takes. Whatever is larger is refused with a word. */
export const EVENTS_BYTES_MAX = 16 << 20;
export const EVENT_LINES_MAX = 100_000;
/** As `firstseen filter` has it. */
export const LINE_BYTES_MAX = 1 << 20;
/** As `firstseen filter` has it. */
export const LINE_WORK_MAX = 50_000_000;
export const DOCUMENTS_BYTES_MAX = 4 << 20;
export const DOCUMENTS_MAX = 100;
export const RULES_MAX = 2_000;
export const QUERY_BYTES_MAX = 64 << 10;
/** What a link holds, as it is written and as it was. */
export const LINK_CHARACTERS_MAX = 64 << 10;
export const LINK_BYTES_MAX = 1 << 20;

/** What is shown in full; all of it is counted. */
export const ALERTS_SHOWN_MAX = 100;
export const LINES_SHOWN_MAX = 300;
export const PROBLEMS_SHOWN_MAX = 50;

/** How long a run may go on once there is newer input. */
export const SUPERSEDE_MS = 300;
/** How long a run may take. */
export const RUN_MS_MAX = 20_000;

export function sizeText(bytes) {
  const [count, unit] = bytes < 1 << 20 ? [bytes / 1024, "KiB"] : [bytes / (1 << 20), "MiB"];
  return bytes < 1024 ? `${bytes} B` : `${Number(count.toFixed(1))} ${unit}`;
}
