/** What a watch waits for and is told of, to be added up. `urgent` is POLLPRI: how kernfs tells of a change (`memory.events` and kin). */
export const watchFor = { reading: 1, writing: 2, urgent: 4 } as const;
