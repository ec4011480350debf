/**
 * The text format of a segment: one line for each change of the queue.
 *
 *     <crc32, 8 hex digits> p <key> <text>          put
 *     <crc32> r <from> <through>                    removed, both included
 *     <crc32> n <text>                              the note
 *     <crc32> h <through>                           head of a segment: every key up to here was removed before
 *
 * Guarantee: a line is read as it was written, or as damaged: the checksum covers everything after it. Lines are framed
 * by line breaks, so that damage affects at most two lines.
 */
import { crc32 } from "node:zlib";

export type SegmentLine =
  | { readonly kind: "put"; readonly key: number; readonly text: string }
  | { readonly kind: "remove"; readonly from: number; readonly through: number }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "head"; readonly through: number };

export interface PlacedLine {
  /** `undefined`: damaged. */
  readonly line: SegmentLine | undefined;
  /** In bytes, the line break included. */
  readonly at: number;
  readonly length: number;
  /** Whether the line may have been a message, by its kind. */
  readonly mayBePut: boolean;
}

export function encodeLine(line: SegmentLine): string {
  const content = contentOf(line);
  return `${checksum(content)} ${content}\n`;
}

function contentOf(line: SegmentLine): string {
  switch (line.kind) {
    case "put":
      return `p ${line.key} ${line.text}`;
    case "remove":
      return `r ${line.from} ${line.through}`;
    case "note":
      return `n ${line.text}`;
    case "head":
      return `h ${line.through}`;
  }
}

/** All lines of a segment. A last line without a line break counts as damaged: its write was interrupted. */
export function readLines(bytes: Buffer): PlacedLine[] {
  const lines: PlacedLine[] = [];
  let at = 0;
  while (at < bytes.length) {
    const end = bytes.indexOf(lineBreak, at);
    const next = end === -1 ? bytes.length : end + 1;
    const line = end === -1 ? undefined : decodeLine(bytes.toString("utf8", at, end));
    const kind = bytes[at + kindAt];
    lines.push({ line, at, length: next - at, mayBePut: kind !== removed && kind !== note && kind !== head });
    at = next;
  }
  return lines;
}

/** @param text without its line break */
export function decodeLine(text: string): SegmentLine | undefined {
  const content = text.slice(kindAt);
  if (checksum(content) !== text.slice(0, kindAt - 1)) return undefined;
  const [kind, first = "", second = ""] = content.split(" ", 3);
  switch (kind) {
    case "p":
      return { kind: "put", key: Number(first), text: content.slice(`p ${first} `.length) };
    case "r":
      return { kind: "remove", from: Number(first), through: Number(second) };
    case "n":
      return { kind: "note", text: content.slice("n ".length) };
    case "h":
      return { kind: "head", through: Number(first) };
    default:
      return undefined;
  }
}

const checksum = (text: string): string => crc32(text).toString(16).padStart(8, "0");
const kindAt = 9;
const lineBreak = 0x0a;
const [removed, note, head] = [..."rnh"].map((letter) => letter.charCodeAt(0));
