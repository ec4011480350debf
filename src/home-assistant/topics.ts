/**
 * The topics of one device at the broker.
 *
 * Guarantee: a name is part of a topic only after it was checked: no wildcard, no level separator.
 */

/** Letters, digits, `_` and `-`, as Home Assistant allows in a discovery topic. */
export const isTopicName = (text: string): boolean => /^[A-Za-z0-9_-]{1,64}$/.test(text);

export interface TopicNames {
  /** Id of this device. */
  readonly id: string;
  /** Home Assistant's own prefix; "homeassistant" unless its settings say otherwise. */
  readonly discoveryPrefix: string;
}

export interface Topics {
  /** The discovery document, retained. */
  readonly discovery: string;
  /** Home Assistant itself: "online" when it has started. */
  readonly homeAssistant: string;
  /** One JSON object, retained. */
  readonly state: string;
  /** "online" or "offline", retained. */
  readonly availability: string;
  /** All commands. */
  readonly commands: string;
  command(name: string): string;
  /** @returns the name of the command; `undefined` for any other topic */
  commandOf(topic: string): string | undefined;
}

const root = "grove-heater";

export function topicsOf({ id, discoveryPrefix }: TopicNames): Topics {
  const own = `${root}/${id}`;
  const setPrefix = `${own}/set/`;
  return {
    discovery: `${discoveryPrefix}/device/${id}/config`,
    homeAssistant: `${discoveryPrefix}/status`,
    state: `${own}/state`,
    availability: `${own}/availability`,
    commands: `${setPrefix}+`,
    command: (name) => setPrefix + name,
    commandOf: (topic) => (topic.startsWith(setPrefix) ? topic.slice(setPrefix.length) : undefined),
  };
}
