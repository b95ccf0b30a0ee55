package firstseen;

import com.google.gson.JsonDeserializationContext;
import com.google.gson.JsonDeserializer;
import com.google.gson.JsonElement;
import com.google.gson.JsonParseException;
import com.google.gson.JsonPrimitive;
import com.google.gson.JsonSerializationContext;
import com.google.gson.JsonSerializer;
import com.google.gson.annotations.JsonAdapter;
import java.lang.reflect.Type;
import java.math.BigInteger;

/**
 * A number of 64 bits without a sign.
 *
 * @param bits as {@link Long#compareUnsigned} and its like take it
 */
@JsonAdapter(Unsigned.Adapter.class)
public record Unsigned(long bits) implements Comparable<Unsigned> {
    /** The number, or the largest {@code long} if it is larger. */
    public long saturated() {
        return bits < 0 ? Long.MAX_VALUE : bits;
    }

    @Override
    public int compareTo(Unsigned other) {
        return Long.compareUnsigned(bits, other.bits);
    }

    @Override
    public String toString() {
        return Long.toUnsignedString(bits);
    }

    static final class Adapter implements JsonSerializer<Unsigned>, JsonDeserializer<Unsigned> {
        @Override
        public JsonElement serialize(Unsigned number, Type type, JsonSerializationContext context) {
            return new JsonPrimitive(new BigInteger(number.toString()));
        }

        @Override
        public Unsigned deserialize(JsonElement json, Type type, JsonDeserializationContext context) {
            try {
                return new Unsigned(Long.parseUnsignedLong(json.getAsString()));
            } catch (NumberFormatException error) {
                throw new JsonParseException("no number of 64 bits: " + json, error);
            }
        }
    }
}
