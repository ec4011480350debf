/**
 * A text with its checksum in a last line, so that a flipped bit or a missing tail shows when it is read back.
 *
 * Guarantee: what `readChecked` calls checked is, byte for byte, a text that `withChecksum` was given once. A text without
 * such a last line is one of an older version, or one that a person edited: it counts, unchecked.
 */
import { createHash } from "node:crypto";

const mark = "\nsha256 ";
const tail = /\nsha256 ([0-9a-f]{64})\n$/;

/** The text, then a line with its SHA-256. */
export const withChecksum = (text: string): string => `${text}${mark}${sha256(text)}\n`;

export interface CheckedText {
  readonly text: string;
  /** Whether a checksum was there; one that does not fit makes the whole unreadable. */
  readonly checked: boolean;
}

/** @returns `undefined` when the checksum does not fit the text */
export function readChecked(stored: string): CheckedText | undefined {
  const sum = tail.exec(stored);
  if (sum === null) return { text: stored, checked: false };
  const text = stored.slice(0, sum.index);
  return sha256(text) === sum[1] ? { text, checked: true } : undefined;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
