/**
 * Reads one secret line: typed without echo, or from a pipe. What follows the line stays for the next reader.
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

async function lineOf(input: NodeJS.ReadStream, typed: boolean): Promise<string | undefined> {
  const ends: readonly string[] = typed ? ["\n", "\r", keys.interrupt, keys.endOfInput] : ["\n", "\r"];
  const backspace: readonly string[] = typed ? keys.backspace : [];
  const chunks: AsyncIterable<string> = input.iterator({ destroyOnReturn: false });
  let line = "";
  for await (const chunk of chunks) {
    const characters = [...chunk];
    const end = characters.findIndex((character) => ends.includes(character));
    for (const character of end < 0 ? characters : characters.slice(0, end)) {
      if (backspace.includes(character)) line = line.slice(0, -1);
      else if (line.length < maxBytes) line += character;
    }
    if (end < 0) continue;
    const rest = characters.slice(end + 1).join("");
    if (rest !== "") input.unshift(rest);
    return characters[end] === keys.interrupt ? undefined : line;
  }
  return line;
}
