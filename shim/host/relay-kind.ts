/** What a relay is told, to be added up. `terminal`: one of its ends is a terminal's master; `lossy`: a broken sink loses bytes and never ends it. */
export const relayKind = { terminal: 1, lossy: 2 } as const;
