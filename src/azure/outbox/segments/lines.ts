/**
 * The text format of a segment: one line for each change of the queue.
 *
 *     <crc32, 8 hex digits> p <key> <text>          put
 *     <crc32> r <from> <through>                    removed, both included
 *     <crc32> n <text>                              the note
 *     <crc32> h <through>                           head of a segment: every key up to <through> was removed before
 *
 * Guarantee: a line is read as it was written, or as damaged (base/files/checked-lines.ts).
 */
import {
  checkedLine,
  checkedLines,
  contentOffset,
  contentOfLine,
  type LocatedLine,
} from "../../../base/files/checked-lines.ts";

export type SegmentLine =
  | { readonly kind: "put"; readonly key: number; readonly text: string }
  | { readonly kind: "remove"; readonly from: number; readonly through: number }
  | { readonly kind: "note"; readonly text: string }
  | { readonly kind: "head"; readonly through: number };

export interface LocatedSegmentLine extends Omit<LocatedLine, "content"> {
  /** `undefined`: damaged. */
  readonly line: SegmentLine | undefined;
  /** Whether the line, if damaged, may have been a message: its kind is none of the others. */
  readonly mayBePut: boolean;
}

export const encodeLine = (line: SegmentLine): string => checkedLine(contentOf(line));

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

/** All lines of a segment. */
export const readLines = (bytes: Buffer): LocatedSegmentLine[] =>
  checkedLines(bytes).map(({ content, at, length }) => {
    const kind = bytes[at + contentOffset];
    const line = content === undefined ? undefined : lineOf(content);
    return { line, at, length, mayBePut: kind !== removed && kind !== note && kind !== head };
  });

/** @param text without its line break */
export function decodeLine(text: string): SegmentLine | undefined {
  const content = contentOfLine(text);
  return content === undefined ? undefined : lineOf(content);
}

function lineOf(content: string): SegmentLine | undefined {
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

const [removed, note, head] = [..."rnh"].map((letter) => letter.charCodeAt(0));
