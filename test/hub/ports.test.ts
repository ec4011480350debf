/** Which port a server gets when others have some. */
import { expect, it } from "vitest";
import { onFirstFree } from "../../src/hub/ports.ts";

const failure = (code: string, port: number) => Object.assign(new Error(`${code} at port ${port}`), { code });

/** Opens everywhere but on these. */
const around = (taken: readonly number[], tried: number[]) => async (port: number) => {
  tried.push(port);
  if (taken.includes(port)) throw failure("EADDRINUSE", port);
  return port;
};

it("is the first that nobody has, and none after it is tried", async () => {
  const tried: number[] = [];
  expect(await onFirstFree([1, 2, 3, 4], around([1, 2], tried))).toBe(3);
  expect(tried).toEqual([1, 2, 3]);
});

it("is none when all are taken: of several each is named, of one the system's own error says enough", async () => {
  await expect(onFirstFree([1], around([1], []))).rejects.toThrow("EADDRINUSE at port 1");
  await expect(onFirstFree([1, 2], around([1, 2], []))).rejects.toMatchObject({
    code: "EADDRINUSE",
    message: "none of the allowed ports is free (1, 2)",
    cause: { message: "EADDRINUSE at port 2" },
  });
  await expect(onFirstFree([], around([], []))).rejects.toMatchObject({
    code: "EADDRINUSE",
    message: "none of the allowed ports is free (none allowed)",
  });
});

it("is not looked for further where something else is wrong", async () => {
  const tried: number[] = [];
  const open = async (port: number): Promise<never> => {
    tried.push(port);
    throw failure("EACCES", port);
  };
  await expect(onFirstFree([1, 2], open)).rejects.toMatchObject({ code: "EACCES" });
  expect(tried).toEqual([1]);
});
