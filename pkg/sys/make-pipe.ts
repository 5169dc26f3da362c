import { native } from './native.ts';
import { OwnedDescriptor } from './owned-descriptor.ts';

/** A pipe that programs which we start inherit only where they are told. @throws SystemError `EMFILE`, `ENFILE`. */
export function makePipe(): { readonly read: OwnedDescriptor; readonly write: OwnedDescriptor } {
  const [read, write] = native.pipe();
  return { read: new OwnedDescriptor(read), write: new OwnedDescriptor(write) };
}
