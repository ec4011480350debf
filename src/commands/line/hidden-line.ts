/**
 * Reads one line that nobody may look at: typed without an echo, or from a pipe.
 *
 * Guarantee: the terminal is as it was when this settles, also after Ctrl-C; what is longer than `maxBytes` is cut off.
 */
import type { ReadStream } from "node:tty";

const maxBytes = 4096;
const keys = { interrupt: "\u0003", endOfInput: "\u0004", backspace: ["\u007f", "\b"] } as const;

/**
 * @param prompt shown on `output`, to a person alone
 * @param keepBlanks those around it belong to it
 * @returns without blanks around it, unless they are kept; `undefined` when there was none, or when Ctrl-C was pressed
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
