/**
 * A text with its checksum in the last line, to detect a flipped bit or a missing end.
 *
 * Guarantee: a text that `readChecked` returns as checked is identical to one given to `withChecksum`. A text without a
 * checksum, of an older version or edited by a person, is accepted unchecked.
 */
import { createHash } from "node:crypto";

const mark = "\nsha256 ";
const tail = /\nsha256 ([0-9a-f]{64})\n$/;

/** The text, then a line with its SHA-256. */
export const withChecksum = (text: string): string => `${text}${mark}${sha256(text)}\n`;

export interface CheckedText {
  readonly text: string;
  /** Whether there was a checksum. */
  readonly checked: boolean;
}

/** @returns `undefined` when the checksum does not match */
export function readChecked(stored: string): CheckedText | undefined {
  const sum = tail.exec(stored);
  if (sum === null) return { text: stored, checked: false };
  const text = stored.slice(0, sum.index);
  return sha256(text) === sum[1] ? { text, checked: true } : undefined;
}

const sha256 = (text: string): string => createHash("sha256").update(text).digest("hex");
