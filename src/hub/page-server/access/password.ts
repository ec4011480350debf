/** The password of a page that other machines can reach. */
import { createHash, randomBytes, timingSafeEqual } from "node:crypto";

export const minPasswordLength = 8;
/** The digest of a longer password would take a slow machine too long. */
export const maxPasswordLength = 256;

export interface PagePassword {
  /** Differs for each password that is set; `undefined` while there is none. */
  readonly edition: string | undefined;
  /** Compares in constant time. Never rejects. */
  isRight(password: string): Promise<boolean>;
  /** Sets the first password; absent if it is configured elsewhere. @throws Error: why it could not be stored */
  readonly setFirst?: (password: string) => Promise<void>;
}

/** A password that does not change while the server runs. */
export function fixedPassword(password: string): PagePassword {
  const digest = sha256(password);
  return {
    edition: randomBytes(8).toString("hex"),
    isRight: async (tried) => timingSafeEqual(sha256(tried), digest),
  };
}

/** @returns why a password cannot be used */
export function passwordProblem(password: string): string | undefined {
  if (password.length < minPasswordLength) return `a password has ${minPasswordLength} characters or more`;
  return password.length > maxPasswordLength
    ? `a password has at most ${maxPasswordLength} characters`
    : undefined;
}

const sha256 = (text: string): Buffer => createHash("sha256").update(text).digest();
