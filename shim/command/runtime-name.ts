/** What the shim calls itself. */
export const runtimeName = 'io.containerd.gantry.v2';
