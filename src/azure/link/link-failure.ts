/** The error that provisioning and connecting throw. It carries a known cause. */
import type { LinkCause } from "./cause.ts";

export class LinkFailure extends Error {
  override readonly name = "LinkFailure";
  readonly linkCause: LinkCause;

  constructor(linkCause: LinkCause) {
    super(linkCause.text);
    this.linkCause = linkCause;
  }
}
