/**
 * Converts reports to hawkBit's feedback.
 *
 * Guarantees: an action is closed as a success only for a confirmed image, and as a failure for a reverted or refused
 * one; details follow the server's rules: it would reject the whole feedback for one `<`.
 */
import type { Report } from "../source.ts";
import { plainText } from "./attributes.ts";

export type Resource = "deploymentBase" | "cancelAction";

export interface Feedback {
  readonly status: {
    readonly execution: "closed" | "proceeding" | "scheduled" | "rejected" | "downloaded" | "download";
    readonly result: {
      readonly finished: "success" | "failure" | "none";
      readonly progress?: { readonly cnt: number; readonly of: number };
    };
    readonly details: readonly string[];
  };
}

/** hawkBit accepts 50 details of any length; its table shows 512 characters. */
const maxDetails = 10;
const maxDetailLength = 512;

/** The final feedback of an action, which must be delivered. */
export const isFinal = ({ kind }: Report): boolean =>
  ["confirmed", "reverted", "refused", "kept", "canceled"].includes(kind);

export function feedbackOf(report: Report): { readonly resource: Resource; readonly feedback: Feedback } {
  const of = (
    execution: Feedback["status"]["execution"],
    finished: Feedback["status"]["result"]["finished"],
    details: string,
    resource: Resource = "deploymentBase",
  ) => ({
    resource,
    feedback: { status: { execution, result: { finished }, details: detailsOf(details) } },
  });
  switch (report.kind) {
    case "downloading":
      return downloading(report.percent);
    case "downloaded":
      return of("downloaded", "none", "downloaded");
    case "deferred":
      return of("scheduled", "none", `installed, the start waits: ${report.reason}`);
    case "installing":
      return of("proceeding", "none", "installing");
    case "confirmed":
      return of("closed", "success", "confirmed: it runs, and its health is proven");
    case "reverted":
      return of("closed", "failure", `reverted: ${report.reason}`);
    case "refused":
      return of("closed", "failure", `refused (${report.code}): ${report.reason}`);
    case "kept":
      return of("downloaded", "none", "downloaded and kept");
    case "canceled":
      return of("closed", "success", "canceled", "cancelAction");
    case "not-canceled":
      return of("rejected", "none", `not canceled: ${report.reason}`, "cancelAction");
  }
}

function downloading(given: number): { readonly resource: Resource; readonly feedback: Feedback } {
  const percent = Math.round(Math.min(100, Math.max(0, given)));
  const result = { finished: "none", progress: { cnt: percent, of: 100 } } as const;
  const details = [`downloading: ${percent} %`];
  return { resource: "deploymentBase", feedback: { status: { execution: "download", result, details } } };
}

const detailsOf = (text: string): readonly string[] =>
  text
    .split("\n")
    .map((line) => plainText(line, maxDetailLength))
    .filter((line) => line !== "")
    .slice(0, maxDetails);

export const withoutDetails = ({ status }: Feedback): Feedback => ({ status: { ...status, details: [] } });
