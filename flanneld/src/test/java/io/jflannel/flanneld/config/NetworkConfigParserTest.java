// SPDX-License-Identifier: Apache-2.0
package io.jflannel.flanneld.config;

import static org.assertj.core.api.Assertions.assertThat;
import static org.assertj.core.api.Assertions.assertThatExceptionOfType;
import static org.assertj.core.api.Assertions.assertThatThrownBy;
import static org.assertj.core.api.Assertions.catchThrowableOfType;

import io.jflannel.flanneld.config.NetworkConfig.AddressRange;
import io.jflannel.json.Json;
import io.jflannel.net.Cidr;
import io.jflannel.net.Ip;
import java.util.List;
import java.util.Random;
import org.junit.jupiter.api.Test;
import org.junit.jupiter.params.ParameterizedTest;
import org.junit.jupiter.params.provider.CsvSource;
import org.junit.jupiter.params.provider.ValueSource;

/** Spec section 3. JSON is written with {@code '} for {@code "}. */
class NetworkConfigParserTest {

  private static final String V6_ONLY = "'EnableIPv4':false,'EnableIPv6':true,";

  @ParameterizedTest // 3.2, worked examples
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "'Network':'10.0.0.0/8' | 10.0.0.0/8 | 24 | 10.0.1.0 | 10.255.255.0",
        "'network':'10.3.0.0/16' | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0",
        "'Network':'10.3.4.5/16' | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0",
        "'Network':'10.3.4.0/22' | 10.3.4.0/22 | 24 | 10.3.5.0 | 10.3.7.0",
        "'Network':'10.3.4.0/23' | 10.3.4.0/23 | 25 | 10.3.4.128 | 10.3.5.128",
        "'Network':'10.3.4.0/24' | 10.3.4.0/24 | 26 | 10.3.4.64 | 10.3.4.192",
        "'Network':'10.3.4.0/25' | 10.3.4.0/25 | 27 | 10.3.4.32 | 10.3.4.96",
        "'Network':'10.3.4.0/26' | 10.3.4.0/26 | 28 | 10.3.4.16 | 10.3.4.48",
        "'Network':'10.3.4.0/27' | 10.3.4.0/27 | 29 | 10.3.4.8 | 10.3.4.24",
        "'Network':'10.3.4.16/28' | 10.3.4.16/28 | 30 | 10.3.4.20 | 10.3.4.28",
        "'Network':'10.3.0.0/16','SubnetMin':'10.3.5.0','SubnetMax':'10.3.8.0','SubnetLen':28"
            + " | 10.3.0.0/16 | 28 | 10.3.5.0 | 10.3.8.0",
        "'Network':'10.0.0.0/8','SubnetLen':20,'SubnetMin':'10.10.0.0','SubnetMax':'10.99.0.0'"
            + " | 10.0.0.0/8 | 20 | 10.10.0.0 | 10.99.0.0",
        "'Network':'10.3.0.0/16','SubnetLen':18 | 10.3.0.0/16 | 18 | 10.3.64.0 | 10.3.192.0",
        "'Network':'10.3.0.0/16','SubnetLen':30 | 10.3.0.0/16 | 30 | 10.3.0.4 | 10.3.255.252",
        "'Network':'10.3.0.0/16','SubnetMin':'10.3.9.0','SubnetMax':'10.3.5.0'"
            + " | 10.3.0.0/16 | 24 | 10.3.9.0 | 10.3.5.0",
        "'Network':'10.3.0.0/16','SubnetMin':'10.3.0.0' | 10.3.0.0/16 | 24 | 10.3.0.0 | 10.3.255.0",
        "'Network':'255.255.0.0/16' | 255.255.0.0/16 | 24 | 255.255.1.0 | 255.255.255.0",
        "'Network':'10.3.0.0/16','SubnetLen':0,'SubnetMin':'0.0.0.0','SubnetMax':'0.0.0.0'"
            + " | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0", // 3.1
        "'Network':'10.3.0.0/16','SubnetLen':null,'EnableIPv4':null,'EnableIPv6':null"
            + " | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0", // NET-2
        "'Network':'10.9.0.0/16','NETWORK':'10.3.0.0/16'"
            + " | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0", // NET-1
        "'Network':'10.3.0.0/16','Unknown':{'a':[1]}"
            + " | 10.3.0.0/16 | 24 | 10.3.1.0 | 10.3.255.0", // NET-1
        "'Network':'128.0.0.0/1' | 128.0.0.0/1 | 24 | 128.0.1.0 | 255.255.255.0",
        "'Network':'0.0.0.0/8' | 0.0.0.0/8 | 24 | 0.0.1.0 | 0.255.255.0",
      })
  void v4DefaultsAreComputed(String fields, String network, int length, String min, String max) {
    NetworkConfig config = parse("{" + fields + "}");

    assertThat(config.v4()).contains(range(network, length, min, max));
    assertThat(config.v6()).isEmpty();
    assertThat(config.backendType()).isEqualTo("udp"); // NET-3
    assertThat(config.nftables()).isFalse();
  }

  @ParameterizedTest // 3.3
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "'fc00::/48' | fc00::/48 | 64 | fc00:0:0:1:: | fc00:0:0:ffff::",
        "'2001:cafe:42::/56' | 2001:cafe:42::/56 | 64 | 2001:cafe:42:1:: | 2001:cafe:42:ff::",
        "'2001:CAFE:42::7/56' | 2001:cafe:42::/56 | 64 | 2001:cafe:42:1:: | 2001:cafe:42:ff::",
        "'fc00::/62' | fc00::/62 | 64 | fc00:0:0:1:: | fc00:0:0:3::",
        "'fc00::/63' | fc00::/63 | 65 | fc00::8000:0:0:0 | fc00:0:0:1:8000::",
        "'fc00::/64' | fc00::/64 | 66 | fc00::4000:0:0:0 | fc00::c000:0:0:0",
        "'fc00::/112' | fc00::/112 | 114 | fc00::4000 | fc00::c000",
        "'fc00::/124' | fc00::/124 | 126 | fc00::4 | fc00::c",
        "'fc00::/48','IPv6SubnetMin':'fc00:0:0:1::','IPv6SubnetMax':'fc00:0:0:f::','IPv6SubnetLen':124"
            + " | fc00::/48 | 124 | fc00:0:0:1:: | fc00:0:0:f::",
        "'fc00::/48','IPv6SubnetMin':null,'IPv6SubnetMax':null,'IPv6SubnetLen':null"
            + " | fc00::/48 | 64 | fc00:0:0:1:: | fc00:0:0:ffff::", // NET-2
        "'fc00::/48','IPv6SubnetMin':'::','IPv6SubnetMax':'::','IPv6SubnetLen':0"
            + " | fc00::/48 | 64 | fc00:0:0:1:: | fc00:0:0:ffff::", // 3.1
        "'fc00::/48','IPv6SubnetMin':'fc00:0:0:5::','ipv6subnetmin':null"
            + " | fc00::/48 | 64 | fc00:0:0:1:: | fc00:0:0:ffff::", // a pointer in Go
        "'ffff:ffff:ffff::/48' | ffff:ffff:ffff::/48 | 64"
            + " | ffff:ffff:ffff:1:: | ffff:ffff:ffff:ffff::",
        "'2000::/3','IPv6SubnetLen':5 | 2000::/3 | 5 | 2800:: | 3800::",
      })
  void v6DefaultsAreComputed(String fields, String network, int length, String min, String max) {
    NetworkConfig config = parse("{" + V6_ONLY + "'IPv6Network':" + fields + "}");

    assertThat(config.v6()).contains(range(network, length, min, max));
    assertThat(config.v4()).isEmpty();
  }

  @ParameterizedTest // 3.2 error rows and parse errors: field, value and rule are named
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "{} | Network is missing", // 1, ODD-10
        "null | Network is missing", // NET-2
        "{'Network':'0.0.0.0/0'} | Network is missing", // 1
        "{'SubnetLen':20} | Network is missing", // ODD-10
        "{'Network':'10.3.0.0/16','SubnetLen':31} | SubnetLen 31 must be 30 or less", // 2
        "{'Network':'10.3.0.0/16','SubnetLen':9223372036854775807} | SubnetLen 9223372036854775807 must be 30 or less",
        "{'Network':'10.3.0.0/16','SubnetLen':17} | SubnetLen 17 must be 18 or more: 10.3.0.0/16 has to hold at least four subnets",
        "{'Network':'10.3.4.0/29'} | Network 10.3.4.0/29 is too small, /28 is the minimum", // 4
        "{'Network':'10.3.4.0/30'} | Network 10.3.4.0/30 is too small, /28 is the minimum",
        "{'Network':'10.3.4.0/29','SubnetLen':30} | SubnetLen 30 must be 31 or more", // 3
        "{'Network':'10.3.0.0/16','SubnetMin':'10.4.0.0'} | SubnetMin 10.4.0.0 is not within Network 10.3.0.0/16",
        "{'Network':'10.3.0.0/16','SubnetMin':'10.3.5.1'} | SubnetMin 10.3.5.1 is not on a /24 boundary, 10.3.5.0 would be",
        "{'Network':'10.3.0.0/16','SubnetMax':'10.4.0.0'} | SubnetMax 10.4.0.0 is not within Network 10.3.0.0/16",
        "{'Network':'10.3.0.0/16','SubnetMax':'10.3.8.1'} | SubnetMax 10.3.8.1 is not on a /24 boundary, 10.3.8.0 would be",
        "{'Network':'10.3.0.0/16','SubnetMin':'10.3.5.1','SubnetMax':'10.4.0.0'} | SubnetMax 10.4.0.0 is not within", // 10 before 11
        "`` | the text is empty",
        "[] | the value is an array, must be an object",
        "'x' | the value is a string, must be an object",
        "{'Network':''} | Network: \"\" is no CIDR",
        "{'Network':'10.3.0.0'} | Network: \"10.3.0.0\" is no CIDR: it lacks a /length",
        "{'Network':'10.3.0.0/33'} | Network: prefix length 33 of 10.3.0.0 is not within 0..32",
        "{'Network':'10.3.0.0/'} | Network: \"10.3.0.0/\" is no CIDR",
        "{'Network':'10.3.0.0/-1'} | Network: \"10.3.0.0/-1\" is no CIDR",
        "{'Network':'10.3.00.0/16'} | Network: \"10.3.00.0\" is no IP address",
        "{'Network':' 10.3.0.0/16'} | Network: \" 10.3.0.0\" is no IP address",
        "{'Network':'fc00::/48'} | Network: \"fc00::/48\" is no IPv4 CIDR", // ODD-44
        "{'Network':null} | Network: null is not allowed here", // NET-2
        "{'Network':10} | Network: 10 must be a string",
        "{'Network':'10.3.0.0/16','Network':null} | Network: null is not allowed here",
        "{'Network':'x','Network':'10.3.0.0/16'} | Network: \"x\" is no CIDR", // each occurrence
        "{'Network':'10.3.0.0/16','SubnetMin':null} | SubnetMin: null is not allowed here",
        "{'Network':'10.3.0.0/16','SubnetMax':null} | SubnetMax: null is not allowed here",
        "{'Network':'10.3.0.0/16','SubnetMin':''} | SubnetMin: \"\" is no IP address",
        "{'Network':'10.3.0.0/16','SubnetMin':'fc00::'} | SubnetMin: \"fc00::\" is no IPv4 address",
        "{'Network':'10.3.0.0/16','SubnetLen':'24'} | SubnetLen: \"24\" is a string, must be an integer", // NET-1
        "{'Network':'10.3.0.0/16','SubnetLen':24.0} | SubnetLen: 24.0 must be an integer",
        "{'Network':'10.3.0.0/16','SubnetLen':-1} | SubnetLen: -1 must be an integer not below 0",
        "{'Network':'10.3.0.0/16','EnableIPv4':'true'} | EnableIPv4: \"true\" is a string, must be true or false",
        "{'Network':'10.3.0.0/16','EnableIPv6':1} | EnableIPv6: 1 must be true or false",
        "{'Network':'10.3.0.0/16','EnableNFTables':'on'} | EnableNFTables: \"on\" is a string",
        "{'Network':'10.3.0.0/16',} | line 1, column", // trailing comma
        "{'Network':'10.3.0.0/16'} x | line 1, column", // trailing text
        "{'Network':'10.3.0.0/16'}{} | text after the end of the JSON document",
        "{'Network':'10.3.0.0/16','Backend':'vxlan'} | Backend is a string, must be an object", // NET-3
        "{'Network':'10.3.0.0/16','Backend':[]} | Backend is an array, must be an object",
        "{'Network':'10.3.0.0/16','Backend':{'Type':7}} | Backend.Type: 7 must be a string",
        "{'EnableIPv4':false,'EnableIPv6':true,'Network':'x','IPv6Network':'fc00::/48'} | Network: \"x\" is no CIDR",
      })
  void v4ErrorsNameFieldValueAndRule(String json, String message) {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> parse(json))
        .withMessageContaining(message)
        .matches(e -> !e.isFatal()); // LIF-3
  }

  @ParameterizedTest // 3.3 error rows, NET-5, ODD-9
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "`` | IPv6Network is missing",
        "'IPv6Network':'::/0' | IPv6Network is missing",
        "'IPv6Network':'fc00::/125' | IPv6Network fc00::/125 is too small, /124 is the minimum",
        "'IPv6Network':'fc00::/48','IPv6SubnetLen':127 | IPv6SubnetLen 127 must be 126 or less",
        "'IPv6Network':'fc00::/48','IPv6SubnetLen':49 | IPv6SubnetLen 49 must be 50 or more: fc00::/48 has to hold at least four subnets",
        "'IPv6Network':'fc00::/48','IPv6SubnetMin':'fc01::' | IPv6SubnetMin fc01:: is not within IPv6Network fc00::/48",
        "'IPv6Network':'fc00::/48','IPv6SubnetMin':'fc00::1' | IPv6SubnetMin fc00::1 is not on a /64 boundary, fc00:: would be",
        "'IPv6Network':'fc00::/48','IPv6SubnetMax':'fc01::' | IPv6SubnetMax fc01:: is not within IPv6Network fc00::/48",
        "'IPv6Network':'fc00::/48','IPv6SubnetMax':'fc00:0:0:f::1' | IPv6SubnetMax fc00:0:0:f::1 is not on a /64 boundary",
        "'IPv6Network':'10.3.0.0/16' | IPv6Network: \"10.3.0.0/16\" is no IPv6 CIDR", // NET-5
        "'IPv6Network':'10.3.0.0/16','IPv6SubnetLen':120 | IPv6Network: \"10.3.0.0/16\" is no IPv6 CIDR",
        "'IPv6Network':'::ffff:10.3.0.0/112' | IPv6Network: \"::ffff:10.3.0.0\" is no IP address: an IPv4-mapped",
        "'IPv6Network':'::/64' | IPv6Network: \"::/64\" overlaps ::ffff:0:0/96",
        "'IPv6Network':'::/8' | IPv6Network: \"::/8\" overlaps ::ffff:0:0/96",
        "'IPv6Network':'::fffe:0:0/94' | IPv6Network: \"::fffe:0:0/94\" overlaps ::ffff:0:0/96",
        "'IPv6Network':'fc00::/129' | IPv6Network: prefix length 129 of fc00:: is not within 0..128",
        "'IPv6Network':'fc00::' | IPv6Network: \"fc00::\" is no CIDR",
        "'IPv6Network':'fe80::1%eth0/64' | IPv6Network: \"fe80::1%eth0\" is no IP address",
        "'IPv6Network':null | IPv6Network: null is not allowed here", // NET-2
        "'IPv6Network':'fc00::/48','IPv6SubnetMin':'10.3.0.0' | IPv6SubnetMin: \"10.3.0.0\" is no IPv6 address",
        "'IPv6Network':'fc00::/48','IPv6SubnetMin':'' | IPv6SubnetMin: \"\" is no IP address",
        "'IPv6Network':'fc00::/48','IPv6SubnetLen':'64' | IPv6SubnetLen: \"64\" is a string",
      })
  void v6ErrorsNameFieldValueAndRule(String fields, String message) {
    String comma = fields.isEmpty() ? "" : ",";

    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> parse("{'EnableIPv4':false,'EnableIPv6':true" + comma + fields + "}"))
        .withMessageContaining(message)
        .matches(e -> !e.isFatal());
  }

  @ParameterizedTest
  @ValueSource(strings = {"::1:0:0:0/80", "0:0:0:1::/64", "::fffe:0:0/96", "::1:0:0/100"})
  void networksBesideTheMappedAddressesAreFine(String network) {
    assertThat(parse("{" + V6_ONLY + "'IPv6Network':'" + network + "'}").v6()).isPresent();
  }

  @ParameterizedTest // NET-4
  @ValueSource(
      strings = {
        "{'EnableIPv4':false}",
        "{'EnableIPv4':false,'EnableIPv6':false,'Network':'10.3.0.0/16'}",
        "{'EnableIPv4':false,'EnableIPv6':null,'IPv6Network':'fc00::/48'}"
      })
  void noFamilyAtAllIsFatal(String json) {
    ConfigException error = catchThrowableOfType(ConfigException.class, () -> parse(json));

    assertThat(error).hasMessageContaining("set at least one of them to true");
    assertThat(error.isFatal()).isTrue();
  }

  @Test
  void bothFamiliesTogether() {
    NetworkConfig config =
        parse(
            "{'Network':'10.42.0.0/16','EnableIPv6':true,'IPv6Network':'2001:cafe:42::/56',"
                + "'enablenftables':true,'Backend':{'Type':'VXLAN','VNI':7}}");

    assertThat(config.v4()).contains(range("10.42.0.0/16", 24, "10.42.1.0", "10.42.255.0"));
    assertThat(config.v6())
        .contains(range("2001:cafe:42::/56", 64, "2001:cafe:42:1::", "2001:cafe:42:ff::"));
    assertThat(config.nftables()).isTrue();
    assertThat(config.backendType()).isEqualTo("VXLAN");
    assertThat(config.backend().member("vni")).contains(new Json.Num("7"));
  }

  @Test
  void theFirstFamilysErrorComesFirst() {
    assertThatExceptionOfType(ConfigException.class)
        .isThrownBy(() -> parse("{'EnableIPv6':true}"))
        .withMessageStartingWith("Network is missing");
  }

  @ParameterizedTest // NET-3
  @CsvSource(
      quoteCharacter = '`',
      delimiter = '|',
      value = {
        "`` | udp",
        ",'Backend':{} | ``",
        ",'Backend':null | ``",
        ",'Backend':{'VNI':1} | ``",
        ",'Backend':{'Type':null} | ``",
        ",'Backend':{'Type':''} | ``",
        ",'backend':{'TYPE':'Host-GW'} | Host-GW",
        ",'Backend':7,'BACKEND':{'Type':'vxlan','type':'alloc'} | alloc",
      })
  void backendTypeIsAsWritten(String backend, String type) {
    assertThat(parse("{'Network':'10.3.0.0/16'" + backend + "}").backendType()).isEqualTo(type);
  }

  @Test
  void everyAcceptedRangeIsUsable() {
    long seed = System.nanoTime();
    Random random = new Random(seed);
    for (int round = 0; round < 20_000; round++) {
      boolean v6 = random.nextBoolean();
      int bits = v6 ? 128 : 32;
      Ip ip =
          v6 ? new Ip(random.nextLong() | 1L << 63, random.nextLong()) : Ip.v4(random.nextInt());
      String network = ip + "/" + (1 + random.nextInt(bits));
      String length = random.nextBoolean() ? "" : "SubnetLen':" + random.nextInt(bits) + ",";
      String json =
          v6
              ? "{"
                  + V6_ONLY
                  + (length.isEmpty() ? "" : "'IPv6" + length)
                  + "'IPv6Network':'"
                  + network
                  + "'}"
              : "{" + (length.isEmpty() ? "" : "'" + length) + "'Network':'" + network + "'}";
      try {
        NetworkConfig config = parse(json);
        AddressRange range = config.v4().or(config::v6).orElseThrow();
        for (Ip subnet : List.of(range.subnetMin(), range.subnetMax())) {
          Cidr cidr = new Cidr(subnet, range.subnetLength());
          assertThat(cidr.network()).as("seed %d: %s", seed, json).isEqualTo(cidr);
          assertThat(range.network().contains(cidr)).as("seed %d: %s", seed, json).isTrue();
        }
        assertThat(range.subnetMin()).as("seed %d: %s", seed, json).isLessThan(range.subnetMax());
      } catch (ConfigException e) {
        assertThat(e).as("seed %d: %s", seed, json).hasMessageMatching(".*(SubnetLen|Network) .*");
      }
    }
  }

  private static AddressRange range(String network, int length, String min, String max) {
    return new AddressRange(Cidr.parse(network), length, Ip.parse(min), Ip.parse(max));
  }

  private static NetworkConfig parse(String json) {
    return NetworkConfigParser.parse(json.replace('\'', '"'));
  }

  @ParameterizedTest // 3.2: kube mode only parses; what nodes are given has any length
  @ValueSource(
      strings = {
        "{'Network':'10.3.0.0/29'}",
        "{'Network':'10.3.0.0/16','SubnetLen':31}",
        "{'Network':'10.3.0.0/16','SubnetLen':17,'SubnetMin':'10.9.0.1','SubnetMax':'1.2.3.4'}",
        "{'Network':'10.3.0.0/16','EnableIPv6':true,'IPv6Network':'fc00::/125','IPv6SubnetLen':127}",
      })
  void whereOthersGiveSubnetsTheirBoundsMeanNothing(String json) {
    assertThat(NetworkConfigParser.parseNetworks(json.replace('\'', '"')).v4()).isPresent();
  }

  @ParameterizedTest // and what it depends on is checked there too
  @CsvSource(
      delimiter = '|',
      quoteCharacter = '"',
      value = {
        "{} | Network is missing",
        "{'Network':'0.0.0.0/0'} | Network is missing",
        "{'Network':'10.3.0.0'} | Network",
        "{'Network':'fc00::/48'} | Network",
        "{'Network':null} | Network",
        "{'Network':'10.3.0.0/16','SubnetLen':'24'} | SubnetLen",
        "{'Network':'10.3.0.0/16','SubnetMin':null} | SubnetMin",
        "{'Network':'10.3.0.0/16','EnableIPv6':true} | IPv6Network is missing",
        "{'Network':'10.3.0.0/16','EnableIPv6':'true'} | EnableIPv6",
        "{'Network':'10.3.0.0/16','EnableIPv6':true,'IPv6Network':'10.9.0.0/16'} | IPv6Network",
        "{'EnableIPv4':false} | no address family is left",
        "{'Network':'10.3.0.0/16','Backend':'vxlan'} | Backend",
        "{'Network':'10.3.0.0/16','Backend':{'Type':7}} | Type",
        "{'Network':'10.3.0.0/16'} x | no JSON",
        "{'Network':'10.3.0.0/16',} | no JSON",
        "[] | the value",
        "\"\" | the text is empty",
      })
  void whereOthersGiveSubnetsTheRestIsChecked(String json, String message) {
    assertThatThrownBy(() -> NetworkConfigParser.parseNetworks(json.replace('\'', '"')))
        .isInstanceOf(ConfigException.class)
        .hasMessageContaining(message);
  }
}
