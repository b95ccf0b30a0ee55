/** What a link holds after its `#`: rules, exceptions and the query, never events. No server is sent it. */

import { DOCUMENTS_MAX, LINK_BYTES_MAX, LINK_CHARACTERS_MAX, sizeText } from "../limits.js";
import { compressed, decompressed, fromBase64Url, toBase64Url } from "./bytes.js";

const FORM = "1.";
const NAME_CHARACTERS_MAX = 200;

/** What goes behind the `#`; fails with a word if it is too much. */
export async function toHash({ rules, exceptions, query }) {
  const bytes = new TextEncoder().encode(JSON.stringify({ rules, exceptions, query }));
  const hash = FORM + toBase64Url(await compressed(bytes, "deflate-raw"));
  if (bytes.length > LINK_BYTES_MAX || hash.length > LINK_CHARACTERS_MAX) {
    const size = sizeText(Math.max(hash.length, bytes.length / (LINK_BYTES_MAX / LINK_CHARACTERS_MAX)));
    throw new RangeError(
      `too much for a link (${size} of ${sizeText(LINK_CHARACTERS_MAX)}); pass the documents on as files`,
    );
  }
  return hash;
}

/** What stands behind a `#`, checked: whoever wrote it is not known. */
export async function fromHash(hash) {
  if (!hash.startsWith(FORM)) {
    throw new TypeError("it is not one of this page");
  }
  if (hash.length > LINK_CHARACTERS_MAX) {
    throw new RangeError(`it is longer than ${sizeText(LINK_CHARACTERS_MAX)}`);
  }
  const bytes = await decompressed(fromBase64Url(hash.slice(FORM.length)), "deflate-raw", LINK_BYTES_MAX);
  const given = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  return { rules: documents(given?.rules), exceptions: documents(given?.exceptions), query: string(given?.query) };
}

function documents(given) {
  if (!Array.isArray(given) || given.length > DOCUMENTS_MAX) {
    throw new TypeError("its documents are none");
  }
  return given.map((document) => ({
    name: string(document?.name).slice(0, NAME_CHARACTERS_MAX),
    content: string(document?.content),
  }));
}

function string(given) {
  if (typeof given !== "string") {
    throw new TypeError("a text is missing");
  }
  return given;
}
