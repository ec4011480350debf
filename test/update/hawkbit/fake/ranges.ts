/** An artifact as hawkBit serves it: whole, in part, or in several parts. */
import { type Answer, empty } from "./answers.ts";
import type { Artifact } from "./state.ts";

const boundary = "THIS_STRING_SEPARATES_MULTIPART";
interface Range {
  readonly first: number;
  readonly last: number;
}

export function artifactAnswer(artifact: Artifact, range: string | undefined, ifRange?: string): Answer {
  const { bytes, hashes, filename, modified } = artifact;
  const etag = `"${hashes.sha1}"`;
  const about = {
    etag,
    "accept-ranges": "bytes",
    "content-disposition": `attachment;filename=${filename}`,
    "last-modified": modified,
  };
  const type = { "content-type": "application/octet-stream" };
  const whole = range === undefined || (ifRange !== undefined && ifRange !== etag);
  if (whole) return answer(200, { ...type, ...about }, bytes);
  const ranges = rangesOf(range, bytes.length);
  if (ranges === undefined) {
    const refused = empty(416);
    const headers = { ...refused.headers, ...type, ...about, "content-range": `bytes */${bytes.length}` };
    return { ...refused, headers };
  }
  const [only, second] = ranges;
  if (only !== undefined && second === undefined) {
    const part = bytes.subarray(only.first, only.last + 1);
    return answer(206, { ...type, ...about, "content-range": spell(only, bytes) }, part);
  }
  const parts = ranges.map((each) =>
    Buffer.concat([
      Buffer.from(`\r\n--${boundary}\r\nContent-Type: application/octet-stream\r\n`),
      Buffer.from(`Content-Range: ${spell(each, bytes)}\r\n`),
      bytes.subarray(each.first, each.last + 1),
    ]),
  );
  const body = Buffer.concat([...parts, Buffer.from(`\r\n--${boundary}--\r\n`)]);
  return answer(206, { "content-type": `multipart/byteranges; boundary=${boundary}`, ...about }, body);
}

const answer = (status: number, headers: Record<string, string>, body: Buffer): Answer => ({
  status,
  headers: { ...headers, "content-length": String(body.length) },
  body,
});

const spell = ({ first, last }: Range, bytes: Buffer): string => `bytes ${first}-${last}/${bytes.length}`;

function rangesOf(header: string, length: number): readonly Range[] | undefined {
  if (!/^bytes=\d*-\d*(,\d*-\d*)*$/.test(header)) return undefined;
  const ranges = header
    .slice("bytes=".length)
    .split(",")
    .map((part) => {
      const [from = "", to = ""] = part.split("-");
      if (from === "") return { first: Math.max(0, length - Number(to)), last: length - 1 };
      const last = to === "" ? length - 1 : Math.min(Number(to), length - 1);
      return { first: Number(from), last };
    });
  return ranges.every(({ first, last }) => first <= last && first < length) ? ranges : undefined;
}
