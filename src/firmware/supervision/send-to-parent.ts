/** The channel from a process of the firmware to the one that started it. */

/**
 * Sends a message, or drops it where there is no parent. Never throws: without a callback, a channel that the parent's end
 * has closed would cause an exception.
 * @param done called once the message has arrived or failed
 */
export function sendToParent(message: object, done: () => void = () => {}): void {
  process.send?.(message, undefined, undefined, () => done());
}
