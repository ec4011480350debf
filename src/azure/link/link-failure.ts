/** How provisioning and connecting fail: with a cause that has been named. */
import type { LinkCause } from "./cause.ts";

export class LinkFailure extends Error {
  override readonly name = "LinkFailure";
  readonly linkCause: LinkCause;

  constructor(linkCause: LinkCause) {
    super(linkCause.words);
    this.linkCause = linkCause;
  }
}
