interface TopicAnswer {
  readonly name?: string;
  readonly topicId?: string;
  readonly partitions: readonly { readonly partitionIndex: number }[];
}

/** What there is of the topics that offsets are committed for, and may be told of. */
interface Known<T> {
  readonly isTopic: (answer: T) => boolean;
  readonly isPlace: (answer: T, partition: number) => boolean;
}

/**
 * Puts topics in pieces together where something is to be said against a place. A topic of which nothing is committed
 * is left out, but where it is unknown or hidden.
 */
export function together<T extends TopicAnswer>(
  answers: readonly T[],
  { isTopic, isPlace }: Known<T>,
): readonly T[] {
  const part = (answer: T, arePlaces: boolean): T => ({
    ...answer,
    partitions: answer.partitions.filter(
      ({ partitionIndex }) => (isTopic(answer) && isPlace(answer, partitionIndex)) === arePlaces,
    ),
  });
  const hasSome = ({ partitions }: T): boolean => partitions.length > 0;
  const refused = answers.map((one) => part(one, false)).filter((one) => hasSome(one) || !isTopic(one));
  const taken = answers.map((one) => part(one, true)).filter(hasSome);
  if (refused.length === 0) return taken;
  const byTopic = Map.groupBy([...refused, ...taken], ({ name, topicId }) => `${topicId} ${name}`);
  return [...byTopic.values()].flatMap(([first, ...rest]): T[] => {
    if (first === undefined) return [];
    return [{ ...first, partitions: [first, ...rest].flatMap(({ partitions }) => partitions) }];
  });
}
