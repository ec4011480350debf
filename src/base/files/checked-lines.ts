/**
 * Lines with a checksum each, for files that are appended to: `<crc32, 8 hex digits> <content>`.
 *
 * Guarantee: a line is read as it was written, or as damaged: the checksum covers the content. Lines are framed by line
 * breaks, so that damage affects at most two lines.
 */
import { crc32 } from "node:zlib";

export interface LocatedLine {
  /** `undefined`: damaged. */
  readonly content: string | undefined;
  /** In bytes, including the line break. */
  readonly at: number;
  readonly length: number;
}

/** Offset of the content in a line. */
export const contentOffset = 9;
const lineBreak = 0x0a;

/** @param content without line breaks */
export const checkedLine = (content: string): string => `${checksum(content)} ${content}\n`;

/** All lines of a file. A last line without a line break counts as damaged: its write was interrupted. */
export function checkedLines(bytes: Buffer): LocatedLine[] {
  const lines: LocatedLine[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(lineBreak, at);
    const next = end === -1 ? bytes.length : end + 1;
    const content = end === -1 ? undefined : contentOfLine(bytes.toString("utf8", at, end));
    lines.push({ content, at, length: next - at });
    at = next;
  }
  return lines;
}

/** @param text without its line break. @returns `undefined` when it is damaged */
export function contentOfLine(text: string): string | undefined {
  const content = text.slice(contentOffset);
  return text === `${checksum(content)} ${content}` ? content : undefined;
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
