import { sizeText } from "../limits.js";
import { decompressed } from "./bytes.js";

/** The bytes of a file, unpacked where its name says that it is packed; fails with a word if it has too many. */
export async function bytesOf(file, bytesMax) {
  if (file.size > bytesMax) {
    throw new RangeError(`${file.name} has ${sizeText(file.size)}; the page takes ${sizeText(bytesMax)}`);
  }
  const bytes = new Uint8Array(await file.arrayBuffer());
  if (!file.name.endsWith(".gz")) {
    return bytes;
  }
  try {
    return await decompressed(bytes, "gzip", bytesMax);
  } catch (error) {
    throw new RangeError(`${file.name} cannot be unpacked: ${error.message}`);
  }
}

/** The text of a file; fails with a word where it is none. */
export async function textOf(file, bytesMax) {
  const bytes = await bytesOf(file, bytesMax);
  try {
    return new TextDecoder("utf-8", { fatal: true }).decode(bytes);
  } catch {
    throw new TypeError(`${file.name} is not UTF-8; save it as UTF-8`);
  }
}
