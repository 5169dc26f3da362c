import type { NativeTreeCalls } from './native-tree-calls.ts';
import { native } from './native.ts';

/** The native calls on names beneath a directory's descriptor, apart from the rest of the native module. */
export const treeCalls: NativeTreeCalls = native;
