/**
 * Reads one secret line: typed without echo, or from a pipe.
 *
 * Guarantee: when the promise settles, the terminal's mode is restored, also after Ctrl-C; the line is
 * truncated to `maxBytes`.
 */
import type { ReadStream } from "node:tty";

const maxBytes = 4096;
const keys = { interrupt: "\u0003", endOfInput: "\u0004", backspace: ["\u007f", "\b"] } as const;

/**
 * @param prompt printed to `output`, only if the line is typed
 * @param keepBlanks spaces at the ends of the line belong to it
 * @returns the line, trimmed unless `keepBlanks`; `undefined` if it is empty, or after Ctrl-C
 */
export async function readHiddenLine(
  input: NodeJS.ReadStream,
  output: NodeJS.WritableStream,
  prompt: string,
  { keepBlanks = false }: { readonly keepBlanks?: boolean } = {},
): Promise<string | undefined> {
  const typed = input.isTTY === true;
  if (typed) {
    (input as ReadStream).setRawMode(true);
    output.write(prompt);
  }
  try {
    const line = await lineOf(input.setEncoding("utf8"), typed);
    return (keepBlanks ? line : line?.trim()) || undefined;
  } finally {
    if (typed) {
      (input as ReadStream).setRawMode(false);
      output.write("\n");
    }
    input.pause();
  }
}

async function lineOf(input: AsyncIterable<string>, typed: boolean): Promise<string | undefined> {
  let line = "";
  for await (const chunk of input) {
    for (const character of chunk) {
      if (character === "\n" || character === "\r") return line;
      if (typed && character === keys.interrupt) return undefined;
      if (typed && character === keys.endOfInput) return line;
      if (typed && keys.backspace.some((key) => key === character)) line = line.slice(0, -1);
      else if (line.length < maxBytes) line += character;
    }
  }
  return line;
}
