/** The kinds of error reports, used by the stored reports and by the telemetry that sends them. */
export const reportKinds = ["crash", "unclean-end", "guardian", "fault"] as const;
