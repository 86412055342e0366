/** Emoji by mood; the word is what a text is given in their place. */
const EMOJI: Record<string, string> = {
  moodhappy: '😀😃😄😁😆😊🙂😉😋😎☺😌🙃😇🤗🙌👏👍👌✌💪🎉🎊🏆✨⭐🌟🔥💯🥂🍾💃😸🤩',
  moodlove: '😍😘🥰💕💖💗💘💙💚💛💜❤♥💓💞😚😙💋💝💟🖤😻',
  moodlaugh: '😂🤣😹',
  moodsad: '😢😭😞😔😟😕🙁☹😣😖😫😩😥😓😿💔😪😰😨😱🤕🤒😷',
  moodangry: '😠😡🤬👿😤🖕👎💩🤮🤢😒🙄😑😐😾🤦',
};

const WORD_OF = new Map(Object.entries(EMOJI).flatMap(([word, emoji]) => Array.from(emoji, (one) => [one, word])));
const ANY_EMOJI = new RegExp(`[${Object.values(EMOJI).join('')}]`, 'gu');
const NOT_LATIN = /[^\0-\u00ff]/;
const SMILE = /(?<=^|\s)[:;=8xX][-'o^]?[)\]D}pP]+(?=$|[\s.,!])/g;
const FROWN = /(?<=^|\s)[:;=][-'o^]?[([/\\{|]+(?=$|[\s.,!])/g;
const EMOTICON_EYES = /[:;=8xX]/;

/** Gives emoji and emoticons of one mood one spelling, so that a rare one counts like its common kin. */
export function spellMoods(text: string): string {
  let spelled = text;
  if (NOT_LATIN.test(spelled)) spelled = spelled.replace(ANY_EMOJI, (emoji) => ` ${WORD_OF.get(emoji)} `);
  if (EMOTICON_EYES.test(spelled)) spelled = spelled.replace(SMILE, 'moodhappy').replace(FROWN, 'moodsad');
  return spelled.includes('<3') ? spelled.replaceAll('<3', ' moodlove ') : spelled;
}
