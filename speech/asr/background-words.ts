/**
 * Frequent words of spoken English. They loop beside the phrases of a grammar, each at a small
 * probability, so that a sentence nobody asked for is heard as some string of these instead of
 * being pressed into the nearest phrase. Function words come first because running speech is
 * mostly made of them; the rest covers the sounds that those leave out.
 */
const words = `
the be to of and a in that have i it for not on with he as you do at this but his by from they we
say her she or an will my one all would there their what so up out if about who get which go me
when make can like time no just him know take people into year your good some could them see other
than then now look only come its over think also back after use two how our work first well way
even new want because any these give day most us is are was were been has had did said does done
being am made went got came took saw knew thought told asked felt left kept found put set run
man woman child children boy girl mother father brother sister son daughter husband wife friend
family baby home house door window room kitchen table chair bed floor wall garden street road city
town country world place area part number line point side hand head eye face arm leg foot heart
body life death school teacher student book paper letter word story name question answer idea
problem case fact thing reason result change group company business office job worker boss money
price cost dollar bank market store food water coffee tea bread meat fish apple dinner lunch
breakfast drink glass cup plate car bus train plane bike boat ship trip ticket station hotel
morning afternoon evening night week month hour minute second today yesterday tomorrow summer winter
spring weather rain snow wind sun sky tree flower dog cat bird horse animal music song movie show
game team player ball phone computer television radio news picture camera machine battery light
power fire air ground river lake sea mountain beach
big small little long short high low old young great large early late hard easy fast slow hot cold
warm cool dry wet clean dirty full empty open closed rich poor sick healthy happy sad angry tired
hungry ready busy free safe dangerous strong weak heavy dark bright red blue green yellow black
white brown nice bad better best worse worst right wrong true false same different important
possible real sure whole next last few many much more less own such every each another both
help talk tell ask speak call hear listen watch read write learn teach play walk sit stand lie
sleep wake eat cook buy sell pay send bring carry hold keep let leave stay live die move turn
stop start begin end finish try need feel seem become happen believe remember forget understand
mean wait meet follow lead win lose break cut build grow fall rise fly drive ride swim throw catch
pull push pick drop hit kill save spend win wish hope love hate enjoy worry
very too really quite almost always never often sometimes usually again still already yet soon
maybe perhaps probably actually together alone away around down off under between through during
before since until while where why here outside inside against without within across behind
somebody nobody everybody anybody something nothing everything anything someone
three four five six seven eight nine ten hundred thousand half
hello okay yeah oh well uh please thanks sorry sir
doctor hospital police government president state law war history party church
terrible beautiful strange special wonderful interesting different expensive
neighbor apartment newspaper bicycle password meeting customer manager service
going doing making taking getting coming looking talking working trying saying thinking waiting
`;

/** Lower-case words, each once. */
export const backgroundWords: readonly string[] = [...new Set(words.trim().split(/\s+/))];
