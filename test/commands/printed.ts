import { afterEach, beforeEach, vi } from "vitest";

/** What a verb prints during each test of the suite that this is called in. Nothing of it reaches the terminal. */
export function capturePrinted(): { text: string } {
  const printed = { text: "" };
  beforeEach(() => {
    printed.text = "";
    vi.spyOn(process.stdout, "write").mockImplementation((text) => {
      printed.text += String(text);
      return true;
    });
  });
  afterEach(() => {
    vi.restoreAllMocks();
  });
  return printed;
}
