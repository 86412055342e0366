/**
 * English words, and moods of emoji, that speak well or ill of something: hand-picked for short informal texts.
 * Models are trained on what this list says, so it never changes; a better one gets a name of its own.
 */
export const POSITIVE_WORDS = words(`
  adorable adore adored amazed amazing awesome badass bae beautiful beautifully beauty best better blast bless
  blessed blessing blessings bliss bonus brave bravo breathtaking bright brilliant brilliantly celebrate
  celebrated celebrating celebration champion champions charming cheer cheered cheerful cheers classic classy
  clean clever comfort comfortable congrats congratulate congratulations cool coolest courage crush cute cutest
  cutie dazzling dedicated delicious delight delighted delightful dope dream dreamy eager easy ecstatic
  effective elated elegant enjoy enjoyable enjoyed enjoying enjoys enthusiasm enthusiastic epic euphoric
  excellent exceptional excite excited excitement exciting exquisite extraordinary fabulous fabulously fair
  faith famous fangirling fantastic fantastically fascinating fav fave favorite favourite fine finest flawless
  fresh friendly fun funny gain gains generous genius gentle genuine gift glad gladly glorious glory goat gold
  golden good goodness goody goosebumps gorgeous gr8 grace graceful grand grateful gratitude great greatest
  greatly grin haha hahaha handsome happier happiest happily happiness happy healthy heartfelt heartwarming
  heaven heavenly helped helpful hero heroes heroic hilarious honest honor honored honoured hope hopeful
  hopefully hot hottest hug hugs iconic ideal impressed impressive improve improved improvement incredible
  incredibly infectious innovative insightful inspiration inspirational inspire inspired inspiring intelligent
  interesting intriguing invincible jolly joy joyful joyous keen kind kindness laugh laughed laughing legend
  legendary like liked likes lit lmao lmfao lol love loved lovely loves loving loyal luckily lucky luxury
  magical magnificent marvellous marvelous masterful masterpiece memorable merry mesmerizing mindblowing miracle
  moodhappy moodlaugh moodlove motivated motivating nailed neat nice nicely nicest obsessed optimistic
  outstanding overjoyed paradise passion passionate peace peaceful perfect perfection perfectly phenomenal
  pleasant pleased pleasing pleasure popular positive powerful praise praised precious prefer premium pretty
  pride progress promising prosper protect proud proudly psyched pumped quality rad radiant ready recommend
  recommended refreshing rejoice relax relaxed relaxing reliable relief relieved remarkable respect respected
  rewarding rich rock rocked rocks romantic safe satisfied satisfying sensational sexy shine shining sincere
  slay slayed slaying smart smile smiled smiles smiling smooth solid soothing soulful sparkle special
  spectacular spirited splendid stellar stoked strong stronger strongest stunned stunning stylish sublime
  success successful successfully super superb support supported supporting supportive swag sweet sweetest
  sweetheart swell swoon sympathetic talent talented tasty terrific thank thanked thankful thanks thrill
  thrilled thrilling thx timeless top topnotch treasure treat tremendous trendy triumph triumphant trust trusted
  unbeatable unbelievable undefeated underrated unforgettable unreal unstoppable upbeat uplifting valuable
  vibrant victorious victory vivacious warm warmth wealthy welcome welcomed well win winner winners winning
  winningest wins wise witty won wonderful wonderfully woohoo woot worth worthwhile worthy wow xoxo yaay yass
  yassss yay yayy yeah yes yum yummy zen
`);

/** The words that speak ill. */
export const NEGATIVE_WORDS = words(`
  abuse abused abusing abusive accusation accuse accused ache aching afraid aggressive agony alarm alarming
  anger angrily angry annoy annoyed annoying annoys anxiety anxious apathy appalled appalling arrest arrested
  arrogant ashamed ass assault asshole assholes atrocious attack attacked attacking attacks awful awfully
  awkward bad badly ban bankrupt banned bastard bastards beating betray betrayal betrayed bigot bigoted bigotry
  bitch bitches bitter bizarre blame blamed blaming bleak blind block bloody bogus bomb bombing bombings bored
  boring boycott brainwashed break broke broken brutal bs bullied bullshit bully bullying burn burned burning
  cancel canceled cancelled cancer careless catastrophe catastrophic chaos chaotic cheap cheat cheated cheater
  cheating childish clown clowns clueless coward cowardly cowards crap crappy crash crashed crazy creep creepy
  cried cries crime crimes criminal criminals cringe crisis critical criticism criticize cruel cruelty cry
  crying curse cursed cynical damage damaged damn damned danger dangerous dead deadly death deaths deceit
  deceive defeat defeated denied deny deplorable depress depressed depressing depression deprived despair
  desperate despicable destroy destroyed destroying destruction devastated devastating dick die died dies
  difficult dirty disappoint disappointed disappointing disappointment disaster disastrous discriminate
  discrimination disease disgrace disgraceful disgust disgusted disgusting dishonest dislike disliked dismal
  disrespect disrespectful disturbed disturbing doom doomed doubt dreadful dreading drunk dull dumb dumbass
  dumbest dump dying embarrassed embarrassing embarrassment enemies enemy enraged evil excuse excuses exhausted
  exploited extremist fail failed failing fails failure failures fake fanatic fascist fascists fault fear feared
  fears fight fighting filthy flop flopped fml fool foolish fools forced fraud fraudulent freak freaking
  frustrated frustrating frustration fuck fucked fucker fuckers fucking furious garbage ghetto gloomy greed
  greedy grief grim gross guilt guilty gun harass harassed harassment hard harm harmful harsh hate hated hateful
  hates hating hatred headache heartbreak heartbreaking heartbroken hell helpless hideous hoax hopeless
  horrendous horrible horribly horrific horrified horrifying horror hostile humiliated humiliating humiliation
  hurt hurting hurts hypocrisy hypocrite hypocrites hypocritical idiot idiotic idiots ignorance ignorant ignore
  ignored ill illegal illness immature immoral impossible incompetent inept inferior infuriating injured
  injuries injury injustice insane insecure insult insulted insulting irony irrelevant irresponsible irritated
  irritating jail jealous jerk jokes junk kill killed killer killing kills lack lacking lame late lazy leech
  liar liars lie lied lies lonely loser losers loses losing loss lost lousy low lunatic lying mad madness
  manipulate mediocre meltdown menace mess messed messy miserable misery misogynist misogynistic misogyny miss
  missed missing mistake mistakes mob monster moodangry moodsad moron moronic morons mourn murder murdered
  murderer murderers nasty nazi nazis negative neglect nervous nightmare nonsense numb nuts obnoxious obsolete
  offend offended offensive oppressed oppression outrage outraged outrageous overpriced overrated pain painful
  panic paranoid pathetic pedophile petty piss pissed pitiful pity plague pointless poison poor poorly poverty
  prejudice prison problem problems propaganda protest puke punish punished punishment pussy quit racism racist
  racists radical rape raped rapist rapists regret reject rejected repulsive resign ridiculous riot riots rip
  rotten rude ruin ruined ruining ruins rumor sad sadly sadness sarcasm scam scammer scandal scandalous scare
  scared scary screw screwed scum selfish senseless sexism sexist shame shameful shameless shit shits shitty
  shock shocked shocking shooting shut sickening sinister slap slave slavery sleazy slow smh sneaky sob sorry
  spam spineless stab starving steal stealing stink stinks stole stolen stress stressed stressful struggle
  struggling stubborn stuck stupid stupidest stupidity suck sucked sucks sucky suffer suffered suffering suicide
  suspended suspicious tacky tantrum tears tense terrible terribly terrified terrifying terror terrorism
  terrorist terrorists thief thieves threat threaten threatened threatening threats thug thugs tired toxic
  tragedy tragic traitor traitors trash trauma treason trouble troubled troubling tyranny tyrant ugh ugly
  unacceptable unbearable uncomfortable unemployed unethical unfair unfit unfortunate unfortunately unhappy
  unhinged unjust unpleasant unstable untrue upset upsetting useless vicious victim victims vile violence
  violent vomit vulgar war waste wasted wasting weak weird whine whining wicked worried worry worrying worse
  worsen worst worthless wreck wreckage wrong wtf yell yelling yikes yuck
`);

/** Words that turn the polarity of those behind them; so does every word that ends in n't. */
export const NEGATIONS = words(`
  no not never none nobody nothing neither nor cannot cant dont doesnt didnt isnt wasnt wont without hardly aint
`);

function words(list: string): readonly string[] {
  return list.trim().split(/\s+/);
}
