/** What the runtime below a shim does, where runtimes differ. */
interface OciRuntime {
  /** Its words for a program that there is not, in a create and in an exec. */
  readonly noProgram: { readonly create: RegExp; readonly exec: RegExp };
  /** The file of a container in its root. */
  readonly stateFile: string;
  /** Looks at the types of resources that a container is updated with. */
  readonly checksResources: boolean;
  /** Debian's crun 1.8.1 is built without CRIU. */
  readonly checkpoints: boolean;
}

const runc: OciRuntime = {
  noProgram: {
    create: /runc create failed: .*exec: \\?"\/no\/such\/program\\?": stat .*no such file or directory/,
    exec: /exec failed: .*no\/such\/program.*no such file or directory/,
  },
  stateFile: 'state.json',
  checksResources: true,
  checkpoints: true,
};

const crun: OciRuntime = {
  noProgram: {
    create: /OCI runtime create failed: executable file `\/no\/such\/program` not found/,
    exec: /OCI runtime exec failed: executable file `\/no\/such\/program` not found/,
  },
  stateFile: 'status',
  checksResources: false,
  checkpoints: false,
};

/** The runtime of this run: that of `peers.runc()`. */
export const ociRuntime = process.env['LAB_RUNTIME'] === 'crun' ? crun : runc;
