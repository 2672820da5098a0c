/** A value that is made when it is first asked for, and kept. A failure is not: asking again fails again. */
export function lazy<T>(make: () => T): () => T {
  let made: { readonly value: T } | undefined;
  return () => {
    made ??= { value: make() };
    return made.value;
  };
}
