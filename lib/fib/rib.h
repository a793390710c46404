// SPDX-License-Identifier: BSD-3-Clause
// The routes, in control's private memory: a path-compressed binary trie (Morrison's PATRICIA).
//
// A node is 16 bytes and holds a route, or is a branch between two children (next_hop 0).
// n routes need at most 2n - 1 nodes, so 32 bytes a route, and the room a vector grows by.
//
// Invariants: a node lies inside its parent's prefix, on the side its next bit says; a node
// without a route has two children. One thread; prefixes are canonical (Ipv4Prefix::of).
#pragma once
#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "lib/fib/route.h"

namespace sluice::fib {

class Rib {
  public:
    using NodeIndex = std::uint32_t;
    static constexpr NodeIndex no_node = 0;

    struct Node {
        net::Ipv4Address address;
        std::array<NodeIndex, 2> child = {no_node, no_node};
        NextHopId next_hop = no_route;
        std::uint8_t length = 0;

        net::Ipv4Prefix prefix() const { return {address, length}; }
        bool is_leaf() const { return child[0] == no_node && child[1] == no_node; }
    };
    static_assert(sizeof(Node) == 16);

    // Where a prefix is in the trie, whether it has a route or not.
    struct Position {
        NextHopId next_hop;  // of the longest route that contains the whole prefix
        NodeIndex topmost;   // the highest node inside the prefix, or no_node
    };

    // Both give back the next hop the prefix had before, no_route for none.
    NextHopId set(net::Ipv4Prefix prefix, NextHopId next_hop);
    NextHopId erase(net::Ipv4Prefix prefix);

    NextHopId find(net::Ipv4Prefix prefix) const;
    std::optional<Route> longest_match(net::Ipv4Address address) const;
    // The route that takes over when this prefix goes: the longest of those that are shorter.
    std::optional<Route> covering(net::Ipv4Prefix prefix) const;
    Position at(net::Ipv4Prefix prefix) const;

    // Visits the routes inside a prefix in order, as visit(const Route&).
    template <class Visit>
    void for_each(net::Ipv4Prefix inside, Visit&& visit) const;
    template <class Visit>
    void for_each(Visit&& visit) const {
        for_each(net::Ipv4Prefix{}, visit);
    }

    const Node& node(NodeIndex index) const { return nodes_[index]; }
    std::size_t size() const { return routes_; }
    std::size_t bytes() const;
    void reserve(std::size_t routes) { nodes_.reserve(2 * routes + 1); }

  private:
    static unsigned side(net::Ipv4Address address, unsigned length) {
        return (address.value >> (31 - length)) & 1;
    }
    NodeIndex add_node(net::Ipv4Prefix prefix, NextHopId next_hop);
    void free_node(NodeIndex index);
    void split(NodeIndex& link, net::Ipv4Prefix prefix, NextHopId next_hop, unsigned common);
    std::optional<Route> longest(net::Ipv4Prefix prefix, unsigned longest_length) const;

    std::vector<Node> nodes_ = std::vector<Node>(1);  // the first stands for no_node
    NodeIndex root_ = no_node;
    NodeIndex free_ = no_node;  // chained through child[0]
    std::size_t routes_ = 0;
};

template <class Visit>
void Rib::for_each(net::Ipv4Prefix inside, Visit&& visit) const {
    std::array<NodeIndex, 34> todo;  // one sibling for each level above, and the node itself
    std::size_t left = 0;
    todo[left++] = at(inside).topmost;
    while (left != 0) {
        const NodeIndex index = todo[--left];
        if (index == no_node) continue;
        const Node& node = nodes_[index];
        if (node.next_hop != no_route) visit(Route{node.prefix(), node.next_hop});
        todo[left++] = node.child[1];
        todo[left++] = node.child[0];
    }
}

}  // namespace sluice::fib
