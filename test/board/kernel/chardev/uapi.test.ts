/** The bytes of the kernel's interface, against the header itself where there is a compiler, and by hand everywhere. */
import { spawnSync } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { endianness, tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, it, onTestFinished } from "vitest";
import {
  decodeEvents,
  decodeLineInfo,
  decodeValues,
  encodeLineRequest,
  encodeValues,
  requests,
  sizes,
} from "../../../../src/board/kernel/chardev/uapi.ts";

const canCompile =
  process.platform === "linux" &&
  existsSync("/usr/include/linux/gpio.h") &&
  spawnSync("cc", ["--version"]).status === 0;

/** Fills each structure's fields with numbers of their own and prints it, and every size and request number. */
const program = `
#include <linux/gpio.h>
#include <stdio.h>
#include <string.h>
#include <sys/ioctl.h>
#define SIZE(name, type) printf("%s %zu\\n", name, sizeof(struct type))
#define REQUEST(name, number) printf("%s %lu\\n", name, (unsigned long)(number))
static void bytes(const char *name, const void *at, size_t size)
{
	printf("%s ", name);
	for (size_t i = 0; i < size; i++)
		printf("%02x", ((const unsigned char *)at)[i]);
	printf("\\n");
}
int main(void)
{
	struct gpio_v2_line_request request = { .offsets = { 16 }, .consumer = "heater", .num_lines = 1,
		.event_buffer_size = 256, .config = { .flags = GPIO_V2_LINE_FLAG_OUTPUT, .num_attrs = 1, .attrs = { {
		.attr = { .id = GPIO_V2_LINE_ATTR_ID_OUTPUT_VALUES, .values = 1 }, .mask = 1 } } } };
	struct gpio_v2_line_event event[2] = { { .timestamp_ns = 5000000000, .id = GPIO_V2_LINE_EVENT_RISING_EDGE,
		.offset = 22, .seqno = 7, .line_seqno = 3 }, { .timestamp_ns = 5000000001,
		.id = GPIO_V2_LINE_EVENT_FALLING_EDGE, .offset = 22, .seqno = 9, .line_seqno = 4 } };
	struct gpio_v2_line_info info = { .consumer = "fan", .offset = 16,
		.flags = GPIO_V2_LINE_FLAG_USED | GPIO_V2_LINE_FLAG_OUTPUT };
	SIZE("chipInfo", gpiochip_info); SIZE("lineInfo", gpio_v2_line_info);
	SIZE("lineRequest", gpio_v2_line_request); SIZE("lineConfig", gpio_v2_line_config);
	SIZE("values", gpio_v2_line_values); SIZE("event", gpio_v2_line_event);
	REQUEST("chipInfo", GPIO_GET_CHIPINFO_IOCTL); REQUEST("lineInfo", GPIO_V2_GET_LINEINFO_IOCTL);
	REQUEST("requestLine", GPIO_V2_GET_LINE_IOCTL); REQUEST("setConfig", GPIO_V2_LINE_SET_CONFIG_IOCTL);
	REQUEST("getValues", GPIO_V2_LINE_GET_VALUES_IOCTL); REQUEST("setValues", GPIO_V2_LINE_SET_VALUES_IOCTL);
	REQUEST("nonBlocking", FIONBIO);
	bytes("request", &request, sizeof(request));
	bytes("events", event, sizeof(event));
	bytes("info", &info, sizeof(info));
	return 0;
}
`;

function fromHeader(): string[][] {
  const folder = mkdtempSync(join(tmpdir(), "uapi-"));
  onTestFinished(() => rmSync(folder, { recursive: true }));
  writeFileSync(join(folder, "uapi.c"), program);
  const built = spawnSync("cc", ["-o", join(folder, "uapi"), join(folder, "uapi.c")], { encoding: "utf8" });
  expect(built.stderr).toBe("");
  const { stdout } = spawnSync(join(folder, "uapi"), { encoding: "utf8" });
  return stdout
    .trim()
    .split("\n")
    .map((line) => line.split(" "));
}

const hex = (bytes: Uint8Array): string => Buffer.from(bytes).toString("hex");

describe.runIf(canCompile)("What this kernel's own header says", () => {
  const said = fromHeaderOnce();

  it("about sizes and request numbers is what we use", () => {
    const numbers = said().slice(0, -3);
    const ours = [...Object.entries(sizes), ...Object.entries(requests)];
    expect(ours.map(([name, value]) => [name, String(value)])).toEqual(numbers);
  });

  it("about a request for an output, an event and a line's holder is what we write and read", () => {
    const bytes = Object.fromEntries(said().slice(-3)) as Record<string, string>;
    const config = { flags: 8, level: 1 } as const;
    expect(hex(encodeLineRequest({ line: 16, consumer: "heater", config, edges: 256 }))).toBe(
      bytes["request"],
    );
    expect(decodeEvents(Buffer.from(bytes["events"] ?? "", "hex"))).toEqual([
      { atNs: 5_000_000_000n, level: 1, serial: 3 },
      { atNs: 5_000_000_001n, level: 0, serial: 4 },
    ]);
    expect(decodeLineInfo(Buffer.from(bytes["info"] ?? "", "hex"))).toEqual({ consumer: "fan", flags: 9 });
  });
});

function fromHeaderOnce(): () => string[][] {
  let found: string[][] | undefined;
  return () => (found ??= fromHeader());
}

describe("A request for a line", () => {
  it("has a name that always ends, however long it is", () => {
    const bytes = encodeLineRequest({ line: 1, consumer: "x".repeat(100), config: { flags: 0 } });
    expect(bytes).toHaveLength(592);
    expect([bytes[256], bytes[286], bytes[287]]).toEqual([120, 120, 0]);
  });

  it("sets no level where none is wanted, so that the line stays as it is", () => {
    const bytes = encodeLineRequest({ line: 16, consumer: "", config: { flags: 0 } });
    const view = new DataView(bytes.buffer);
    expect(view.getUint32(288 + 8, endianness() === "LE")).toBe(0);
  });
});

it("reads whole events only", () => {
  expect(decodeEvents(new Uint8Array(47))).toEqual([]);
  expect(decodeEvents(new Uint8Array(48 + 20))).toHaveLength(1);
});

describe("the levels of a request", () => {
  // The kernel changes only the lines in the mask (linux/gpio.h, struct gpio_v2_line_values).
  it.each([0, 1] as const)("sets its first line, and no other, to %i", (level) => {
    const bytes = encodeValues(level);
    const words = new BigUint64Array(bytes.buffer, bytes.byteOffset, 2);
    expect([...words]).toEqual([BigInt(level), 1n]);
    expect(decodeValues(bytes)).toBe(level);
  });
});
